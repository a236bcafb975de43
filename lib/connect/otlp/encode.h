#pragma once

/// \file
/// Spans in the bytes of the OpenTelemetry protocol (opentelemetry-proto, `trace/v1`).

#include "common/trace.h"

#include <span>
#include <string>
#include <vector>

namespace restate::connect::otlp {

/// An `ExportTraceServiceRequest` with all of `spans`. `resource` says who made them.
std::string encode_protobuf(const std::vector<trace::Attribute>& resource,
                            std::span<const trace::Span> spans);
/// The same as JSON: ids as digits, 64 bits as text.
std::string encode_json(const std::vector<trace::Attribute>& resource,
                        std::span<const trace::Span> spans);

}  // namespace restate::connect::otlp
