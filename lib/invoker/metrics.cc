#include "invoker/metrics.h"

namespace restate::invoker {

void InvokerMetrics::collect(MetricsSnapshot& out, std::uint32_t partition) {
  const std::string id = std::to_string(partition);
  const auto tasks = [&](const Counter& value, const char* status, const char* transient = nullptr) {
    MetricLabels labels{{"status", status}, {"partition_id", id}};
    if (transient != nullptr) labels.insert(labels.begin() + 1, {"transient", transient});
    out.counter("invoker_invocation_tasks_total", std::move(labels), value);
  };
  tasks(started, "started");
  tasks(completed, "completed");
  tasks(suspended, "suspended");
  tasks(failed, "failed", "false");
  tasks(failed_transient, "failed", "true");
  out.counter("invoker_enqueue_total", {{"partition_id", id}}, enqueued);
  out.counter("invoker_eager_state_truncated_total", {}, partial_state);
  out.durations("invoker_task_duration_seconds", {}, attempts);
}

void DeploymentMetrics::collect(MetricsSnapshot& out) const {
  const auto add = [&out](const char* name, const Type& type) {
    for (const auto& [status, count] : type.requests) {
      out.counter("invoker_client_requests_total",
                  {{"status_code", std::to_string(status)}, {"type", name}}, count);
    }
    out.counter("invoker_sent_bytes_total", {{"type", name}}, type.sent_bytes);
    out.counter("invoker_received_bytes_total", {{"type", name}}, type.received_bytes);
  };
  add("Http/bidi-stream", bidi);
  add("Http/request-response", request_response);
  add("Lambda", lambda);
}

}  // namespace restate::invoker
