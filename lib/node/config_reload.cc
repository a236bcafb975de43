#include "node/config_reload.h"

#include "node/config_keys.h"

#include <algorithm>
#include <array>

namespace restate::node {

bool is_live_key(std::string_view name) {
  constexpr std::array<std::string_view, 33> kLive{
      "log-filter",
      "admin.bearer-token",
      "admin.bearer-token-file",
      "admin.concurrent-api-requests-limit",
      "admin.deployment-routing-headers",
      "default-idempotency-retention",
      "default-journal-retention",
      "default-retry-policy.exponentiation-factor",
      "default-retry-policy.factor",
      "default-retry-policy.initial-interval",
      "default-retry-policy.max-attempts",
      "default-retry-policy.max-interval",
      "default-retry-policy.on-max-attempts",
      "default-workflow-completion-retention",
      "ingress.bearer-token",
      "ingress.bearer-token-file",
      "ingress.concurrent-api-requests-limit",
      "ingress.request-size-limit",
      "max-idempotency-retention",
      "max-journal-retention",
      "max-retry-policy-max-attempts",
      "max-workflow-completion-retention",
      "metrics-bearer-token",
      "metrics-bearer-token-file",
      "worker.invoker.abort-timeout",
      "worker.invoker.concurrent-invocations-limit",
      "worker.invoker.disable-eager-state",
      "worker.invoker.eager-state-size-limit",
      "worker.invoker.inactivity-timeout",
      "worker.invoker.max-awaited-future-depth",
      "worker.invoker.message-size-limit",
      "worker.invoker.message-size-warning",
      "worker.invoker.per-invocation-memory-limit"};
  return std::find(kLive.begin(), kLive.end(), name) != kLive.end();
}

void take_live_keys(const Config& from, Config& running) {
  running.log_filter = from.log_filter;
  running.admin_token = from.admin_token;
  running.admin_request_limit = from.admin_request_limit;
  running.deployment_routing_headers = from.deployment_routing_headers;
  running.ingress_token = from.ingress_token;
  running.ingress_request_limit = from.ingress_request_limit;
  running.request_size_limit = from.request_size_limit;
  running.metrics_token = from.metrics_token;
  running.defaults = from.defaults;
  // Where there is a budget, a message fits into the share that was cut for messages.
  running.message_size_limit =
      running.memory_budget ? std::min(from.message_size_limit, running.memory.message)
                            : from.message_size_limit;
  running.concurrent_invocations = from.concurrent_invocations;
  running.message_size_warning = from.message_size_warning;
  running.eager_state_limit = from.eager_state_limit;
  running.disable_eager_state = from.disable_eager_state;
  running.per_invocation_memory = from.per_invocation_memory;
  running.max_awaited_future_depth = from.max_awaited_future_depth;
}

ConfigChange compare(const Config& before, const Config& after) {
  Config old = before, fresh = after;
  const std::vector<ConfigKey> olds = config_keys(old), freshs = config_keys(fresh);
  ConfigChange change;
  const auto note = [&change](const std::string& name) {
    (is_live_key(name) ? change.live : change.at_start).push_back(name);
  };
  const auto hidden = [](const ConfigKey& key) { return key.hidden ? key.hidden() : std::string(); };
  for (std::size_t i = 0; i < olds.size(); ++i) {
    if (olds[i].show() != freshs[i].show() || hidden(olds[i]) != hidden(freshs[i])) {
      note(olds[i].name);
    }
  }
  return change;
}

}  // namespace restate::node
