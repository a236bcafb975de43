// The steps of a handler: each is compared with what the journal recorded, or said for the first time.

#include "native/vm.h"

#include <restate/assert.h>

#include <utility>

namespace restate::native {

using wire::EntryType;

// --- Replay -----------------------------------------------------------------------------------------

namespace {

/// What may differ between two attempts: a time that is computed from the clock. Takes it over.
void adopt_times(wire::EntryContent& ours, const wire::EntryContent& recorded) {
  if (auto* sleep = std::get_if<wire::SleepEntry>(&ours)) {
    sleep->wake_up = std::get<wire::SleepEntry>(recorded).wake_up;
  }
  if (auto* call = std::get_if<wire::OneWayCallEntry>(&ours)) {
    call->invoke_time = std::get<wire::OneWayCallEntry>(recorded).invoke_time;
  }
}

}  // namespace

std::optional<std::string> Vm::compare(const protocol::Frame& recorded, EntryType type,
                                       const wire::EntryContent& content,
                                       std::string_view name) const {
  if (recorded.type != static_cast<std::uint16_t>(type)) {
    return "the journal has " + protocol::message_name(recorded.type) + " here";
  }
  if (wire::encode_entry(type, content, name) == recorded.payload) return {};
  // Other bytes may still be the same entry: written by another SDK, or with another time.
  const auto decoded = wire::decode_entry(type, recorded.payload);
  if (!decoded) return "the recorded entry cannot be read: " + decoded.error().message;
  const std::string recorded_name = wire::entry_name(type, recorded.payload);
  if (recorded_name != name) return "it is named '" + recorded_name + "' in the journal";
  wire::EntryContent ours = content;
  adopt_times(ours, *decoded);
  if (wire::encode_entry(type, ours) != wire::encode_entry(type, *decoded)) {
    return std::string("its arguments differ from those in the journal");
  }
  return {};
}

void Vm::mismatch(EntryType type, std::string_view name, const std::string& detail) {
  protocol::ErrorMessage error;
  error.code = protocol::kSdkJournalMismatch;
  error.message = "the handler took another way than its journal: command " +
                  std::to_string(command_index_) + " is " +
                  protocol::message_name(static_cast<std::uint16_t>(type)) +
                  (name.empty() ? "" : " '" + std::string(name) + "'") + ", but " + detail +
                  ". A handler must take its decisions from its input and its context alone, and "
                  "its code must not change for invocations that have begun.";
  error.related_command_index = command_index_;
  if (!name.empty()) error.related_command_name = std::string(name);
  error.related_command_type = static_cast<std::uint16_t>(type);
  fail(std::move(error));
}

Result<void> Vm::step(EntryType type, const wire::EntryContent& content, std::string_view name) {
  if (closed_) return suspended();
  ++command_index_;
  if (!replaying()) {
    if (type != EntryType::kRun) first_step_ = false;
    ++new_commands_;
    emit(static_cast<std::uint16_t>(type), wire::encode_entry(type, content, name));
    return {};
  }
  const protocol::Frame recorded = std::move(recorded_.front());
  recorded_.pop_front();
  if (const auto detail = compare(recorded, type, content, name)) {
    mismatch(type, name, *detail);
    return suspended();
  }
  return {};
}

// --- Time and calls ---------------------------------------------------------------------------------

Result<Handle> Vm::sleep(WallTime wake_up, std::string_view name) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kSleep, wire::SleepEntry{wake_up, id}, name));
  return handle_for(id);
}

Result<Vm::CallHandles> Vm::call(wire::CallRequest request, std::string_view name) {
  wire::CallEntry entry{std::move(request), next_completion(), {}};
  entry.completion = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kCall, entry, name));
  const CallHandles handles{handle_for(entry.invocation_id_completion), handle_for(entry.completion)};
  children_.push_back(handles);
  invocation_ids_[handles.result.index] = handles.invocation_id;
  return handles;
}

Result<Handle> Vm::one_way_call(wire::CallRequest request, WallTime invoke_time,
                                std::string_view name) {
  const wire::OneWayCallEntry entry{std::move(request), invoke_time, next_completion()};
  RESTATE_TRY_VOID(step(EntryType::kOneWayCall, entry, name));
  const Handle id = handle_for(entry.invocation_id_completion);
  invocation_ids_[id.index] = id;
  return id;
}

// --- State ------------------------------------------------------------------------------------------

Result<Handle> Vm::get_state(Bytes key) {
  if (closed_) return suspended();
  // Every read takes a completion, whether or not it needs one: what was known in one attempt may
  // have to be asked for in the next, and the ids behind it must not move.
  const auto id = next_completion();
  // While replaying, the record decides which of the two ways was taken.
  bool eager = true;
  std::optional<Bytes> value;
  if (replaying()) {
    const protocol::Frame& recorded = recorded_.front();
    eager = recorded.type == static_cast<std::uint16_t>(EntryType::kGetEagerState);
    if (eager) {
      auto content = wire::decode_entry(EntryType::kGetEagerState, recorded.payload);
      if (content) value = std::get<wire::GetEagerStateEntry>(std::move(*content)).value;
    }
  } else {
    auto known = state_.find(key);
    eager = known.has_value();
    if (eager) value = std::move(*known);
  }
  if (!eager) {
    RESTATE_TRY_VOID(step(EntryType::kGetLazyState, wire::GetLazyStateEntry{std::move(key), id}));
    return handle_for(id);
  }
  RESTATE_TRY_VOID(step(EntryType::kGetEagerState, wire::GetEagerStateEntry{std::move(key), value}));
  if (!value) return ready_handle(wire::Void{});
  return ready_handle(std::move(*value));
}

Result<Handle> Vm::get_state_keys() {
  if (closed_) return suspended();
  const auto id = next_completion();
  bool eager = true;
  wire::StateKeys keys;
  if (replaying()) {
    const protocol::Frame& recorded = recorded_.front();
    eager = recorded.type == static_cast<std::uint16_t>(EntryType::kGetEagerStateKeys);
    if (eager) {
      auto content = wire::decode_entry(EntryType::kGetEagerStateKeys, recorded.payload);
      if (content) keys = std::get<wire::GetEagerStateKeysEntry>(std::move(*content)).keys;
    }
  } else {
    auto known = state_.keys();
    eager = known.has_value();
    if (eager) keys.keys = std::move(*known);
  }
  if (!eager) {
    RESTATE_TRY_VOID(step(EntryType::kGetLazyStateKeys, wire::GetLazyStateKeysEntry{id}));
    return handle_for(id);
  }
  RESTATE_TRY_VOID(step(EntryType::kGetEagerStateKeys, wire::GetEagerStateKeysEntry{keys}));
  return ready_handle(std::move(keys));
}

Result<void> Vm::set_state(Bytes key, Bytes value) {
  RESTATE_TRY_VOID(step(EntryType::kSetState, wire::SetStateEntry{key, value}));
  state_.set(std::move(key), std::move(value));
  return {};
}

Result<void> Vm::clear_state(Bytes key) {
  RESTATE_TRY_VOID(step(EntryType::kClearState, wire::ClearStateEntry{key}));
  state_.clear(std::move(key));
  return {};
}

Result<void> Vm::clear_all_state() {
  RESTATE_TRY_VOID(step(EntryType::kClearAllState, wire::ClearAllStateEntry{}));
  state_.clear_all();
  return {};
}

// --- Promises, awakeables, signals ------------------------------------------------------------------

Result<Handle> Vm::get_promise(std::string key) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kGetPromise, wire::GetPromiseEntry{std::move(key), id}));
  return handle_for(id);
}

Result<Handle> Vm::peek_promise(std::string key) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kPeekPromise, wire::PeekPromiseEntry{std::move(key), id}));
  return handle_for(id);
}

Result<Handle> Vm::complete_promise(std::string key, wire::InvocationResult value) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kCompletePromise,
                        wire::CompletePromiseEntry{std::move(key), std::move(value), id}));
  return handle_for(id);
}

Result<Vm::Awakeable> Vm::awakeable() {
  if (closed_) return suspended();
  const wire::SignalIndex index{next_signal_++};
  return Awakeable{AwakeableId{start_.id, index.value}.str(), handle_for(index)};
}

Result<void> Vm::complete_awakeable(std::string id, wire::InvocationResult result) {
  return step(EntryType::kCompleteAwakeable,
              wire::CompleteAwakeableEntry{std::move(id), std::move(result)});
}

Result<Handle> Vm::signal(std::string name) {
  if (closed_) return suspended();
  return handle_for(wire::SignalName{std::move(name)});
}

Result<void> Vm::send_signal(const InvocationId& target,
                             std::variant<wire::SignalIndex, wire::SignalName> signal,
                             std::variant<wire::Void, Bytes, wire::Failure> result) {
  return step(EntryType::kSendSignal,
              wire::SendSignalEntry{target.str(), std::move(signal), std::move(result)});
}

Result<Handle> Vm::attach(wire::InvocationRef target) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(
      step(EntryType::kAttachInvocation, wire::AttachInvocationEntry{std::move(target), id}));
  return handle_for(id);
}

Result<Handle> Vm::get_output(wire::InvocationRef target) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(
      step(EntryType::kGetInvocationOutput, wire::GetInvocationOutputEntry{std::move(target), id}));
  return handle_for(id);
}

// --- Runs -------------------------------------------------------------------------------------------

Result<Handle> Vm::run(std::string_view name) {
  const auto id = next_completion();
  RESTATE_TRY_VOID(step(EntryType::kRun, wire::RunEntry{id}, name));
  const Handle handle = handle_for(id);
  run_commands_[handle.index] = command_index_;
  return handle;
}

bool Vm::run_is_finished(Handle run) const {
  return finished_runs_.count(std::get<wire::CompletionId>(handles_[run.index].id).value) > 0;
}

Result<void> Vm::propose_run(Handle run, wire::InvocationResult result) {
  if (closed_) return suspended();
  first_step_ = false;
  const auto id = std::get<wire::CompletionId>(handles_[run.index].id);
  // Since protocol 7 the engine may answer with an acknowledgement instead of our own words.
  const bool ack = protocol_ >= 7;
  emit(static_cast<std::uint16_t>(protocol::ControlType::kProposeRunCompletion),
       protocol::encode(protocol::ProposeRunCompletion{id, result}), ack);
  if (ack) proposals_[id.value] = std::move(result);
  return {};
}

Vm::RunHistory Vm::run_history() const {
  if (!first_step_ || replaying()) return {};
  const std::uint32_t retries = start_.retry_count_since_last_stored_entry;
  return {retries, retries == 0 ? 0 : start_.duration_since_last_stored_entry_ms};
}

void Vm::fail_run(Handle run, std::string_view name, const wire::Failure& failure,
                  const RetryWish& retry) {
  protocol::ErrorMessage error;
  error.code = failure.code;
  error.message = failure.message;
  error.related_command_index = run_commands_[run.index];
  if (!name.empty()) error.related_command_name = std::string(name);
  error.related_command_type = static_cast<std::uint32_t>(EntryType::kRun);
  fail(std::move(error), retry);
}

}  // namespace restate::native
