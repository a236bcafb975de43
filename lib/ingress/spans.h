#pragma once

/// \file
/// The spans with which requests from outside enter a trace.

#include "common/trace.h"
#include "ingress/kafka_record.h"

#include <restate/runtime.h>
#include <restate/wire/invocation.h>

#include <string_view>

namespace restate::ingress {

/// Puts a span between the request and its invocation: below the client's, if it came with one, else
/// at the top of a new trace. Requests of traces that nobody keeps stay as they are. `peer`: as
/// `ServerStream::peer` has it.
void trace_request(trace::Sink& sink, Random& random, std::string_view peer,
                   wire::ServiceInvocation& invocation);
/// The same for a record of Kafka.
void trace_record(trace::Sink& sink, Random& random, const KafkaSource& source, std::int64_t offset,
                  wire::ServiceInvocation& invocation);

}  // namespace restate::ingress
