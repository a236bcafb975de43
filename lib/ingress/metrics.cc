#include "ingress/metrics.h"

namespace restate::ingress {

void IngressMetrics::note(std::string_view service, bool send, const Answer& answer,
                          Duration took) {
  auto found = services.find(service);
  if (found == services.end()) {
    found = services.emplace(std::string(service), std::array<Requests, 2>{}).first;
  }
  Requests& requests = found->second[send ? 1 : 0];
  requests.durations.record(took);
  switch (answer.source) {
    case Answer::Source::kResult:
      return requests.completed.add();
    case Answer::Source::kInvocation:
      return requests.invocation_errors.add();
    case Answer::Source::kIngress:
      return answer.head.status < 500 ? requests.request_errors.add()
                                      : requests.ingress_errors.add();
  }
}

void IngressMetrics::collect(MetricsSnapshot& out, const http::ServerStats& connections) {
  out.counter("ingress_requests_total", {{"status", "admitted"}}, admitted);
  out.counter("ingress_requests_total", {{"status", "rate-limited"}}, rate_limited);
  out.counter("ingress_http_connection_created_total", {}, connections.accepted);
  out.counter("ingress_http_connection_dropped_total", {{"status", "success"}}, connections.closed);
  for (auto& [service, both] : services) {
    for (const std::size_t type : {0u, 1u}) {
      Requests& requests = both[type];
      if (requests.durations.count() == 0) continue;
      const auto add = [&](const char* status, const Counter& count) {
        if (count.value() == 0) return;
        out.counter("ingress_requests_total",
                    {{"status", status},
                     {"rpc_service", service},
                     {"rpc_type", type == 1 ? "send" : "call"}},
                    count);
      };
      add("completed", requests.completed);
      add("request_error", requests.request_errors);
      add("ingress_error", requests.ingress_errors);
      add("invocation_error", requests.invocation_errors);
      out.durations("ingress_request_duration_seconds",
                    {{"rpc_service", service}, {"rpc_type", type == 1 ? "send" : "call"}},
                    requests.durations);
    }
  }
}

}  // namespace restate::ingress
