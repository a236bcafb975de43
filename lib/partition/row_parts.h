#pragma once

/// \file
/// The pieces that several row values are made of.

#include "partition/row_codec.h"

#include <restate/wire/invocation.h>
#include <restate/wire/journal.h>

#include <optional>

namespace restate::partition {

template <class T>
std::optional<T> finish(const RowReader& reader, T value) {
  if (reader.failed()) return std::nullopt;
  return value;
}

void write(RowWriter& to, const wire::InvocationTarget& target);
void write(RowWriter& to, const wire::SpanContext& span);
void write(RowWriter& to, const wire::Retention& retention);
void write(RowWriter& to, const wire::Failure& failure);
void write(RowWriter& to, const wire::InvocationResult& result);
void write(RowWriter& to, const wire::InvocationSink& sink);

wire::InvocationTarget read_target(RowReader& from);
wire::SpanContext read_span(RowReader& from);
wire::Retention read_retention(RowReader& from);
wire::Failure read_failure(RowReader& from);
wire::InvocationResult read_result(RowReader& from);
wire::InvocationSink read_invocation_sink(RowReader& from);

}  // namespace restate::partition
