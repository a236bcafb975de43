#pragma once

/// \file
/// What the ingress of one shard counts.

#include "common/metrics.h"
#include "http/server.h"
#include "ingress/answer.h"

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace restate::ingress {

struct IngressMetrics {
  /// Calls, or sends, of one service.
  struct Requests {
    Counter completed, request_errors, ingress_errors, invocation_errors;
    Distribution durations;
  };

  Counter admitted;      ///< requests that were looked at
  Counter rate_limited;  ///< requests that were turned away unseen
  std::map<std::string, std::array<Requests, 2>, std::less<>> services;

  /// A call or a send of a service that exists has got its answer.
  void note(std::string_view service, bool send, const Answer& answer, Duration took);
  void collect(MetricsSnapshot& out, const http::ServerStats& connections);
};

}  // namespace restate::ingress
