#pragma once

/// \file
/// Exports the spans of a node to a collector that speaks the OpenTelemetry protocol.

#include "common/trace.h"

#include <restate/function.h>
#include <restate/result.h>

#include <map>
#include <memory>
#include <string>

namespace restate {
class Shard;
}
namespace restate::http {
class TlsConnector;
}

namespace restate::connect {

struct OtlpOptions {
  std::string endpoint;  ///< see `otlp::parse_target`
  std::map<std::string, std::string> headers;
  std::string cluster, node;
  /// `key=value` between commas, percent-encoded: what `OTEL_RESOURCE_ATTRIBUTES` says.
  std::string attributes;
  /// For https; outlives the sinks.
  http::TlsConnector* tls = nullptr;
};

using SinkFactory = Function<std::unique_ptr<trace::Sink>(Shard&)>;

/// Makes a sink per shard.
/// - `kInvalidArgument`: the endpoint or an attribute makes no sense.
Result<SinkFactory> make_otlp_sinks(OtlpOptions options);

}  // namespace restate::connect
