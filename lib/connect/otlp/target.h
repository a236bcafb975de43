#pragma once

/// \file
/// Where traces go, as operators write it: an address whose scheme says how.

#include "http/url.h"

#include <restate/result.h>

#include <string>
#include <string_view>

namespace restate::connect::otlp {

enum class Transport : std::uint8_t { kGrpc, kProtobuf, kJson };

struct Target {
  Transport transport = Transport::kGrpc;
  http::Url url;
  bool operator==(const Target&) const = default;
};

/// `http`, `https`, `grpc` and `otlp+grpc` mean OTLP over gRPC; `otlp+http` and `otlp+https` mean
/// OTLP over HTTP in protobuf, with `+json` in JSON. The parts of a scheme may stand in any order.
/// Over HTTP the path is used as it is.
/// - `kInvalidArgument`: another scheme, or no address behind it; the message lists what there is.
Result<Target> parse_target(std::string_view text);

}  // namespace restate::connect::otlp
