// The tables that a person looks at, with their columns, for the side of the console.

const words = (text: string) => text.trim().split(/\s+/);

export const tables: { name: string; columns: string[] }[] = [
  {
    name: "sys_invocation",
    columns: words(`id target target_service_name target_service_key target_handler_name target_service_ty status
      completion_result completion_failure created_at modified_at inboxed_at scheduled_at scheduled_start_at running_at
      completed_at retry_count last_start_at next_retry_at last_failure last_failure_error_code
      last_failure_related_command_index last_failure_related_command_name last_failure_related_command_type
      pinned_deployment_id pinned_service_protocol_version last_attempt_deployment_id last_attempt_server
      idempotency_key invoked_by invoked_by_id invoked_by_target invoked_by_service_name invoked_by_subscription_id
      restarted_from journal_size journal_commands_size completion_retention journal_retention scope limit_key trace_id
      created_using_restate_version suspended_waiting_for_completions suspended_waiting_for_signals`),
  },
  {
    name: "sys_journal",
    columns: words("id index entry_type name raw raw_length version entry_json entry_lite_json appended_at"),
  },
  {
    name: "sys_journal_events",
    columns: words("id after_journal_entry_index appended_at event_type event_json"),
  },
  {
    name: "state",
    columns: words("scope service_name service_key key key_length value_utf8 value value_length"),
  },
  { name: "sys_inbox", columns: words("service_name service_key id sequence_number") },
  { name: "sys_keyed_service_status", columns: words("service_name service_key invocation_id") },
  {
    name: "sys_promise",
    columns: words(`scope service_name service_key key completed completion_success_value completion_success_value_utf8
      completion_failure`),
  },
  { name: "sys_service", columns: words("name revision public ty deployment_id") },
  {
    name: "sys_deployment",
    columns: words("id ty endpoint created_at min_service_protocol_version max_service_protocol_version services"),
  },
  { name: "sys_rules", columns: words("pattern concurrency description disabled version last_modified") },
];
