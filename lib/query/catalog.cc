#include "query/catalog.h"

#include <restate/assert.h>

#include <array>

namespace restate::query {
namespace {

using enum ColumnType;

constexpr Column kState[] = {
    {"partition_key", kU64}, {"scope", kText},   {"service_name", kText},
    {"service_key", kText},  {"key", kText},     {"key_length", kU64},
    {"value_utf8", kText},   {"value", kBinary}, {"value_length", kU64},
};

constexpr Column kDeployment[] = {
    {"id", kText},
    {"ty", kText},
    {"endpoint", kText},
    {"created_at", kTime},
    {"min_service_protocol_version", kU32},
    {"max_service_protocol_version", kU32},
    {"services", kTexts},
};

constexpr Column kInbox[] = {
    {"partition_key", kU64}, {"service_name", kText},   {"service_key", kText},
    {"id", kText},           {"sequence_number", kU64}, {"created_at", kTime},
};

constexpr Column kInvocation[] = {
    {"id", kText},
    {"vqueue_id", kText},
    {"target", kText},
    {"target_service_name", kText},
    {"target_service_key", kText},
    {"target_handler_name", kText},
    {"target_service_ty", kText},
    {"scope", kText},
    {"limit_key", kText},
    {"idempotency_key", kText},
    {"invoked_by", kText},
    {"invoked_by_service_name", kText},
    {"invoked_by_id", kText},
    {"invoked_by_subscription_id", kText},
    {"invoked_by_target", kText},
    {"restarted_from", kText},
    {"pinned_deployment_id", kText},
    {"pinned_service_protocol_version", kU32},
    {"trace_id", kText},
    {"journal_size", kU32},
    {"journal_commands_size", kU32},
    {"created_at", kTime},
    {"created_using_restate_version", kText},
    {"modified_at", kTime},
    {"inboxed_at", kTime},
    {"scheduled_at", kTime},
    {"scheduled_start_at", kTime},
    {"running_at", kTime},
    {"completed_at", kTime},
    {"completion_retention", kDuration},
    {"journal_retention", kDuration},
    {"suspended_waiting_for_completions", kU32s},
    {"suspended_waiting_for_signals", kU32s},
    {"suspended_waiting_future_json", kText},
    {"retry_count", kU64},
    {"last_start_at", kTime},
    {"next_retry_at", kTime},
    {"last_attempt_deployment_id", kText},
    {"last_attempt_server", kText},
    {"last_failure", kText},
    {"last_failure_error_code", kText},
    {"last_failure_related_entry_index", kU64},
    {"last_failure_related_entry_name", kText},
    {"last_failure_related_entry_type", kText},
    {"last_failure_related_command_index", kU64},
    {"last_failure_related_command_name", kText},
    {"last_failure_related_command_type", kText},
    {"last_awaiting_on_future_json", kText},
    {"status", kText, false},
    {"completion_result", kText},
    {"completion_failure", kText},
};

constexpr Column kInvocationState[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"in_flight", kBool},
    {"retry_count", kU64},
    {"last_start_at", kTime},
    {"last_attempt_deployment_id", kText},
    {"last_attempt_server", kText},
    {"next_retry_at", kTime},
    {"last_failure", kText},
    {"last_failure_error_code", kText},
    {"last_failure_related_command_index", kU64},
    {"last_failure_related_command_name", kText},
    {"last_failure_related_command_type", kText},
    {"last_failure_related_entry_index", kU64},
    {"last_failure_related_entry_name", kText},
    {"last_failure_related_entry_type", kText},
    {"last_awaiting_on_future_json", kText},
};

constexpr Column kInvocationStatus[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"vqueue_id", kText},
    {"status", kText},
    {"completion_result", kText},
    {"completion_failure", kText},
    {"target", kText},
    {"target_service_name", kText},
    {"target_service_key", kText},
    {"target_handler_name", kText},
    {"target_service_ty", kText},
    {"scope", kText},
    {"limit_key", kText},
    {"idempotency_key", kText},
    {"invoked_by", kText},
    {"invoked_by_id", kText},
    {"invoked_by_subscription_id", kText},
    {"invoked_by_service_name", kText},
    {"invoked_by_target", kText},
    {"restarted_from", kText},
    {"pinned_deployment_id", kText},
    {"pinned_service_protocol_version", kU32},
    {"trace_id", kText},
    {"journal_size", kU32},
    {"journal_commands_size", kU32},
    {"created_at", kTime},
    {"created_using_restate_version", kText},
    {"modified_at", kTime},
    {"inboxed_at", kTime},
    {"scheduled_at", kTime},
    {"scheduled_start_at", kTime},
    {"running_at", kTime},
    {"completed_at", kTime},
    {"completion_retention", kDuration},
    {"journal_retention", kDuration},
    {"suspended_waiting_for_completions", kU32s},
    {"suspended_waiting_for_signals", kU32s},
    {"suspended_waiting_future_json", kText},
};

constexpr Column kJournal[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"index", kU32},
    {"entry_type", kText},
    {"name", kText},
    {"completed", kBool},
    {"invoked_id", kText},
    {"invoked_target", kText},
    {"sleep_wakeup_at", kTime},
    {"promise_name", kText},
    {"raw", kBinary},
    {"raw_length", kU64},
    {"version", kU32},
    {"entry_json", kText},
    {"entry_lite_json", kText},
    {"appended_at", kTime},
};

constexpr Column kJournalEvents[] = {
    {"partition_key", kU64}, {"id", kText},         {"after_journal_entry_index", kU32},
    {"appended_at", kTime},  {"event_type", kText}, {"event_json", kText},
};

constexpr Column kKeyedServiceStatus[] = {
    {"partition_key", kU64},
    {"service_name", kText},
    {"service_key", kText},
    {"invocation_id", kText},
};

constexpr Column kLocks[] = {
    {"partition_key", kU64}, {"scope", kText},       {"lock_name", kText},
    {"acquired_at", kTime},  {"acquired_by", kText},
};

constexpr Column kPromise[] = {
    {"partition_key", kU64},
    {"scope", kText},
    {"service_name", kText},
    {"service_key", kText},
    {"key", kText},
    {"completed", kBool},
    {"completion_success_value", kBinary},
    {"completion_success_value_utf8", kText},
    {"completion_failure", kText},
};

constexpr Column kRules[] = {
    {"pattern", kText},  {"concurrency", kU32}, {"description", kText},
    {"disabled", kBool}, {"version", kU32},     {"last_modified", kTime},
};

constexpr Column kScheduler[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"num_inbox", kU64},
    {"status", kText},
    {"head_entry_id", kText},
    {"scheduled_at", kTime},
    {"blocked_on", kText},
    {"blocked_on_json", kText},
    {"invoker_concurrency_block_duration", kDuration},
    {"throttling_rules_block_duration", kDuration},
    {"invoker_throttling_block_duration", kDuration},
    {"invoker_memory_block_duration", kDuration},
    {"concurrency_rules_block_duration", kDuration},
    {"lock_block_duration", kDuration},
    {"deployment_concurrency_block_duration", kDuration},
};

constexpr Column kService[] = {
    {"name", kText}, {"revision", kU64}, {"public", kBool}, {"ty", kText}, {"deployment_id", kText},
};

constexpr Column kUserLimits[] = {
    {"partition_key", kU64},
    {"scope", kText},
    {"l1", kText},
    {"l2", kText},
    {"level", kText},
    {"usage", kU32},
    {"concurrency_limit", kU32},
    {"rule_pattern", kText},
    {"available", kU32},
    {"num_waiters", kU64},
};

constexpr Column kVqueueEntryStatus[] = {
    {"partition_key", kU64},
    {"entry_id", kText},
    {"vqueue_id", kText},
    {"stage", kText},
    {"status", kText},
    {"has_lock", kBool},
    {"next_at", kTime},
    {"sequence_number", kU64},
    {"entry_kind", kText},
    {"created_at", kTime},
    {"transitioned_at", kTime},
    {"num_attempts", kU32},
    {"num_errors", kU32},
    {"num_pauses", kU32},
    {"num_suspensions", kU32},
    {"num_yields", kU32},
    {"first_attempt_at", kTime},
    {"latest_attempt_at", kTime},
    {"first_runnable_at", kTime},
    {"deployment", kText},
    {"needed_memory", kU64},
    {"retry_attempts", kU32},
    {"retry_count_since_last_stored_command", kU32},
    {"latest_attempt_blocked_on_invoker_concurrency", kDuration},
    {"latest_attempt_blocked_on_throttling_rules", kDuration},
    {"latest_attempt_blocked_on_invoker_throttling", kDuration},
    {"latest_attempt_blocked_on_invoker_memory", kDuration},
    {"latest_attempt_blocked_on_concurrency_rules", kDuration},
    {"latest_attempt_blocked_on_lock", kDuration},
    {"latest_attempt_blocked_on_deployment_concurrency", kDuration},
    {"total_blocked_on_invoker_concurrency", kDuration},
    {"total_blocked_on_throttling_rules", kDuration},
    {"total_blocked_on_invoker_throttling", kDuration},
    {"total_blocked_on_invoker_memory", kDuration},
    {"total_blocked_on_concurrency_rules", kDuration},
    {"total_blocked_on_lock", kDuration},
    {"total_blocked_on_deployment_concurrency", kDuration},
};

constexpr Column kVqueueMeta[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"is_active", kBool},
    {"queue_is_paused", kBool},
    {"service_name", kText},
    {"scope", kText},
    {"limit_key", kText},
    {"lock_name", kText},
    {"created_at", kTime},
    {"last_enqueued_at", kTime},
    {"last_start_at", kTime},
    {"last_attempt_at", kTime},
    {"last_finish_at", kTime},
    {"avg_queue_duration", kDuration},
    {"avg_inbox_duration", kDuration},
    {"avg_run_duration", kDuration},
    {"avg_suspension_duration", kDuration},
    {"avg_end_to_end_duration", kDuration},
    {"avg_blocked_on_concurrency_rules", kDuration},
    {"avg_blocked_on_invoker_concurrency", kDuration},
    {"avg_blocked_on_invoker_throttling", kDuration},
    {"avg_blocked_on_lock", kDuration},
    {"num_inbox", kU64},
    {"num_running", kU64},
    {"num_suspended", kU64},
    {"num_paused", kU64},
    {"num_finished", kU64},
};

constexpr Column kVqueues[] = {
    {"partition_key", kU64},
    {"id", kText},
    {"stage", kText},
    {"status", kText},
    {"has_lock", kBool},
    {"run_at", kTime},
    {"sequence_number", kU64},
    {"entry_id", kText},
    {"entry_kind", kText},
    {"created_at", kTime},
    {"transitioned_at", kTime},
    {"num_attempts", kU32},
    {"num_errors", kU32},
    {"num_pauses", kU32},
    {"num_suspensions", kU32},
    {"num_yields", kU32},
    {"first_attempt_at", kTime},
    {"latest_attempt_at", kTime},
    {"first_runnable_at", kTime},
    {"deployment", kText},
};

constexpr Table kTables[] = {
    {TableId::kState, "state", kState},
    {TableId::kDeployment, "sys_deployment", kDeployment},
    {TableId::kInbox, "sys_inbox", kInbox},
    {TableId::kInvocation, "sys_invocation", kInvocation, true},
    {TableId::kInvocationState, "sys_invocation_state", kInvocationState},
    {TableId::kInvocationStatus, "sys_invocation_status", kInvocationStatus},
    {TableId::kJournal, "sys_journal", kJournal},
    {TableId::kJournalEvents, "sys_journal_events", kJournalEvents},
    {TableId::kKeyedServiceStatus, "sys_keyed_service_status", kKeyedServiceStatus},
    {TableId::kLocks, "sys_locks", kLocks},
    {TableId::kPromise, "sys_promise", kPromise},
    {TableId::kRules, "sys_rules", kRules},
    {TableId::kScheduler, "sys_scheduler", kScheduler},
    {TableId::kService, "sys_service", kService},
    {TableId::kUserLimits, "sys_user_limits", kUserLimits},
    {TableId::kVqueueEntryStatus, "sys_vqueue_entry_status", kVqueueEntryStatus},
    {TableId::kVqueueMeta, "sys_vqueue_meta", kVqueueMeta},
    {TableId::kVqueues, "sys_vqueues", kVqueues},
};

}  // namespace

std::span<const Table> tables() { return kTables; }

const Table& table(TableId id) {
  const Table& found = kTables[static_cast<std::size_t>(id)];
  RESTATE_ASSERT(found.id == id, "the tables are in the order of their ids");
  return found;
}

const Table* find_table(std::string_view name) {
  for (const Table& table : kTables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

std::size_t column_index(const Table& table, std::string_view name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].name == name) return i;
  }
  RESTATE_UNREACHABLE();
}

std::string_view type_name(ColumnType type) {
  switch (type) {
    case kText:
      return "LargeUtf8";
    case kBool:
      return "Boolean";
    case kU32:
      return "UInt32";
    case kU64:
      return "UInt64";
    case kBinary:
      return "LargeBinary";
    case kTime:
      return "Timestamp(ms, \"+00:00\")";
    case kDuration:
      return "Duration(ms)";
    case kTexts:
      return "List(LargeUtf8)";
    case kU32s:
      return "List(UInt32)";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::query
