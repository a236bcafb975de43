#include "worker/metrics.h"

#include <string>

namespace restate::worker {
namespace {

/// In the order of the variant.
constexpr std::array<std::string_view, WorkerMetrics::kCommands> kCommandNames{
    "AnnounceLeader",
    "VersionBarrier",
    "UpdatePartitionDurability",
    "PatchState",
    "TerminateInvocation",
    "PurgeInvocation",
    "PurgeJournal",
    "Invoke",
    "TruncateOutbox",
    "AttachInvocation",
    "ResumeInvocation",
    "RestartAsNewInvocation",
    "InvokerEffect",
    "Timer",
    "InvocationResponse",
    "NotifySignal",
    "UpsertSchema",
    "PauseInvocation",
    "UpsertRuleBook",
    "QueueDecisions",
    "PauseQueue",
};

std::string_view outcome_of(const Error& error) {
  switch (error.code) {
    case Code::kNotLeader:
      return "routing_error";
    case Code::kOverloaded:
      return "overloaded_error";
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kSealed:
      return "unavailable_error";
    case Code::kShutdown:
    case Code::kCancelled:
      return "shutdown";
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kUnauthenticated:
    case Code::kTrimmed:
    case Code::kSuspended:
    case Code::kTerminal:
    case Code::kCorrupt:
    case Code::kFailed:
    case Code::kUnsupported:
    case Code::kInternal:
      return "internal_error";
  }
  RESTATE_UNREACHABLE();
}

struct ActionName {
  using Operation = partition::OperationResponse::Operation;

  std::string_view operator()(const partition::InvokeAction&) const { return "Invoke"; }
  std::string_view operator()(const partition::AbortInvocation&) const { return "AbortInvocation"; }
  std::string_view operator()(const partition::AckStoredCommand&) const {
    return "AckStoredCommand";
  }
  std::string_view operator()(const partition::ForwardNotification&) const {
    return "ForwardNotification";
  }
  std::string_view operator()(const partition::NewOutboxMessage&) const {
    return "NewOutboxMessage";
  }
  std::string_view operator()(const partition::RegisterTimer&) const { return "RegisterTimer"; }
  std::string_view operator()(const partition::DeleteTimer&) const { return "DeleteTimer"; }
  std::string_view operator()(const partition::IngressResponse&) const { return "IngressResponse"; }
  std::string_view operator()(const partition::SubmitNotification&) const {
    return "IngressSubmitNotification";
  }
  std::string_view operator()(const partition::OperationResponse& response) const {
    switch (response.operation) {
      case Operation::kKill:
        return "ForwardKillResponse";
      case Operation::kCancel:
        return "ForwardCancelResponse";
      case Operation::kPurge:
        return "ForwardPurgeInvocationResponse";
      case Operation::kPurgeJournal:
        return "ForwardPurgeJournalResponse";
      case Operation::kResume:
        return "ForwardResumeInvocationResponse";
      case Operation::kPause:
        return "ForwardPauseInvocationResponse";
      case Operation::kRestartAsNew:
        return "ForwardRestartAsNewInvocationResponse";
    }
    RESTATE_UNREACHABLE();
  }
  std::string_view operator()(const partition::SchemaChanged&) const { return "SchemaChanged"; }
  std::string_view operator()(const partition::RulesChanged&) const { return "RulesChanged"; }
  std::string_view operator()(const partition::QueueMoved&) const { return "QueueMoved"; }
  std::string_view operator()(const partition::QueueRefused&) const { return "QueueRefused"; }
  std::string_view operator()(const partition::QueuePaused&) const { return "QueuePaused"; }
  // Nothing of the kind passes through the reference server's leader.
  std::string_view operator()(const partition::InvocationStarted&) const { return "Trace"; }
  std::string_view operator()(const partition::InvocationEnded&) const { return "Trace"; }
};

}  // namespace

std::string_view metric_name(const partition::Action& action) {
  return std::visit(ActionName{}, action);
}

void WorkerMetrics::collect(MetricsSnapshot& out) {
  for (auto& [id, partition] : partitions) {
    const std::string number = std::to_string(id.value);
    out.counter("partition_start_total", {{"partition", number}}, partition.starts);
    out.counter("partition_shuffle_message_total", {{"partition", number}}, partition.shuffled);
    for (const auto& [action, count] : partition.actions) {
      out.counter("partition_handle_leader_action_total", {{"action", std::string(action)}}, count);
      out.counter("usage_leader_action_count_total",
                  {{"partition", number}, {"action", std::string(action)}}, count);
    }
    partition.invoker.collect(out, id.value);
  }
  out.counter("bifrost_sequencer_committed_records_total", {}, appends.records);
  out.counter("bifrost_sequencer_committed_records_bytes_total", {}, appends.bytes);
  out.durations("bifrost_sequencer_append_duration_seconds", {}, appends.durations);
  out.summary("bifrost_sequencer_record_size_bytes", {}, appends.record_bytes);
  for (std::size_t leader = 0; leader < 2; ++leader) {
    const std::string leads = leader == 1 ? "1" : "0";
    for (std::size_t command = 0; command < kCommands; ++command) {
      Distribution& times = applies[command][leader];
      if (times.count() == 0) continue;
      out.durations("partition_apply_command_duration_seconds",
                    {{"command", std::string(kCommandNames[command])}, {"leader", leads}}, times);
    }
    if (waits[leader].count() == 0) continue;
    out.durations("partition_record_committed_to_read_latency_seconds", {{"leader", leads}},
                  waits[leader]);
  }
}

void ClientMetrics::note(PartitionId partition, const Error* error) {
  requests[{partition, error == nullptr ? "completed" : outcome_of(*error)}].add();
}

void ClientMetrics::collect(MetricsSnapshot& out) const {
  for (const auto& [key, count] : requests) {
    out.counter("invocation_client_requests_total",
                {{"partition_id", std::to_string(key.first.value)},
                 {"status", std::string(key.second)}},
                count);
  }
}

}  // namespace restate::worker
