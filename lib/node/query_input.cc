#include "node/query_input.h"

#include "partition/status.h"
#include "worker/leader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace restate::node {
namespace {

query::LiveAttempt live_attempt(const InvocationId& invocation, invoker::AttemptStatus status) {
  query::LiveAttempt live;
  live.invocation = invocation;
  live.in_flight = status.in_flight;
  live.retry_count = status.retry_count;
  live.last_start_at = status.last_start_at;
  live.next_retry_at = status.next_retry_at;
  live.deployment = status.last_attempt_deployment;
  live.server = std::move(status.last_attempt_server);
  live.awaiting_on = std::move(status.awaiting_on);
  if (status.last_failure) {
    invoker::AttemptFailure& failure = *status.last_failure;
    live.failure = query::LiveFailure{
        std::move(failure.message), std::move(failure.error_code), failure.related_command_index,
        std::move(failure.related_command_name), std::move(failure.related_command_type)};
  }
  return live;
}

bool has_one(const std::set<InvocationId>& invocations, KeyRange keys) {
  return std::any_of(invocations.begin(), invocations.end(),
                     [keys](const InvocationId& id) { return keys.contains(id.key); });
}

query::PermitCounter permit_counter(worker::PermitUsage usage, const schema::RuleBook& rules) {
  query::PermitCounter counter;
  if (const auto* rule = rules.find(usage.scope, usage.level1, usage.level2)) {
    counter.rule = rule->first.str();
  }
  counter.scope = std::move(usage.scope);
  counter.level1 = std::move(usage.level1);
  counter.level2 = std::move(usage.level2);
  counter.limit = usage.limit;
  counter.running = usage.running;
  counter.waiting = usage.waiting;
  return counter;
}

}  // namespace

Result<query::PartitionInput> freeze(const worker::PartitionDescription& description,
                                     worker::PartitionProcessor* processor,
                                     const query::Needs& needs) {
  if (processor == nullptr || !processor->has_tables()) {
    return Error{Code::kUnavailable,
                 "partition " + std::to_string(description.id.value) + " is not open"};
  }
  query::PartitionInput input;
  input.partition = description.id;
  input.keys = description.keys;
  input.scoped =
      partition::Features::from_bits(processor->machine().feature_bits()).vqueues();
  if (needs.only && !has_one(*needs.only, description.keys)) return input;
  if (needs.rows) input.rows = processor->space().snapshot();
  worker::Leader* const leader = needs.live ? processor->leader() : nullptr;
  if (leader == nullptr) return input;
  if (needs.only) {
    for (const InvocationId& invocation : *needs.only) {
      auto status = leader->invoker().status(invocation);
      if (status) input.live.push_back(live_attempt(invocation, *std::move(status)));
    }
    return input;
  }
  for (auto& [invocation, status] : leader->invoker().statuses()) {
    input.live.push_back(live_attempt(invocation, std::move(status)));
  }
  for (worker::PermitUsage& usage : leader->scheduler().usage()) {
    input.permits.push_back(permit_counter(std::move(usage), leader->rules()));
  }
  return input;
}

}  // namespace restate::node
