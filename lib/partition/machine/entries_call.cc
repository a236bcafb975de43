#include "partition/machine/entries.h"
#include "partition/machine/journal.h"
#include "partition/machine/respond.h"
#include "schema/scope_name.h"

#include <utility>

namespace restate::partition {

namespace {

// The proposer has resolved who is called; nothing is looked up here.
wire::ServiceInvocation invocation_of(const wire::CallRequest& request,
                                      const StoredCommand& stored) {
  const wire::CallInfo& call = *stored.call;
  wire::ServiceInvocation invocation;
  invocation.id = call.callee;
  invocation.target = call.target;
  invocation.argument = request.parameter;
  invocation.source.kind = wire::Source::Kind::kService;
  invocation.source.invocation = stored.live.id;
  invocation.source.target = stored.live.status.target;
  invocation.span = call.span;
  invocation.headers = request.headers;
  invocation.retention = call.retention;
  invocation.idempotency_key = request.idempotency_key;
  // As the ingress has it: without the slash at the end.
  if (request.limit_key) invocation.limit_key = schema::parse_limit_key(*request.limit_key).text;
  invocation.created_by = stored.live.status.created_by;
  return invocation;
}

// Asks for a result; an id that cannot be one names nothing.
Result<void> ask(const wire::InvocationRef& target, bool block, wire::CompletionId completion,
                 wire::EntryType type, const StoredCommand& stored) {
  // The proposer knows better in clusters whose idempotent calls live elsewhere.
  const auto id = stored.call != nullptr ? stored.call->callee : wire::resolve(target);
  if (!id) return stored.complete(completion, type, wire::failures::not_found());
  RESTATE_TRY_VOID(stored.announce(completion, type));
  send(wire::Attach{id.value(), block, stored.sink(completion)}, stored.step);
  return {};
}

}  // namespace

Result<void> apply_entry(const wire::CallEntry& entry, const StoredCommand& stored) {
  RESTATE_TRY_VOID(stored.announce(entry.completion, wire::EntryType::kCallCompletion));
  wire::ServiceInvocation invocation = invocation_of(entry.request, stored);
  invocation.response_sink = stored.sink(entry.completion);
  send(wire::Invoke{std::move(invocation)}, stored.step);
  return stored.complete(entry.invocation_id_completion,
                         wire::EntryType::kCallInvocationIdCompletion, stored.call->callee);
}

Result<void> apply_entry(const wire::OneWayCallEntry& entry, const StoredCommand& stored) {
  wire::ServiceInvocation invocation = invocation_of(entry.request, stored);
  if (entry.invoke_time.ms != 0) invocation.execution_time = entry.invoke_time;
  send(wire::Invoke{std::move(invocation)}, stored.step);
  return stored.complete(entry.invocation_id_completion,
                         wire::EntryType::kCallInvocationIdCompletion, stored.call->callee);
}

Result<void> apply_entry(const wire::SendSignalEntry& entry, const StoredCommand& stored) {
  const auto target = InvocationId::parse(entry.target);
  if (!target) return {};  // nobody has such an id
  send(wire::NotifySignal{target.value(), entry.signal, entry.result}, stored.step);
  return {};
}

Result<void> apply_entry(const wire::AttachInvocationEntry& entry, const StoredCommand& stored) {
  return ask(entry.target, true, entry.completion, wire::EntryType::kAttachInvocationCompletion,
             stored);
}

Result<void> apply_entry(const wire::GetInvocationOutputEntry& entry, const StoredCommand& stored) {
  return ask(entry.target, false, entry.completion, wire::EntryType::kGetInvocationOutputCompletion,
             stored);
}

Result<void> apply_entry(const wire::CompleteAwakeableEntry& entry, const StoredCommand& stored) {
  const auto id = AwakeableId::parse(entry.id);
  if (!id) return {};
  wire::NotifySignal signal;
  signal.invocation = id->invocation;
  signal.signal = wire::SignalIndex{id->signal};
  std::visit([&](const auto& result) { signal.result = result; }, entry.result);
  send(std::move(signal), stored.step);
  return {};
}

}  // namespace restate::partition
