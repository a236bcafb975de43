#include "worker/leader.h"

#include "common/hash.h"
#include "partition/tables.h"
#include "worker/limits.h"

#include <restate/testing/mutation.h>

// The attempts of a leader, and what its invoker asks about them.

namespace restate::worker {
namespace {

using partition::Status;

/// Effects after which the attempt is over.
bool ends_attempt(const wire::Effect& effect) {
  return !std::holds_alternative<wire::Pinned>(effect) &&
         !std::holds_alternative<wire::NewEntry>(effect) &&
         !std::holds_alternative<wire::NewEvent>(effect);
}

std::size_t name_bytes(const wire::InvocationTarget& target) {
  return target.service.size() + target.key.size() + target.handler.size() +
         (target.scope ? target.scope->size() : 0);
}

/// An entry may make a message to another invocation, which names both sides and is a record in its
/// turn. One that no log could take would stay in the outbox for ever, and all others behind it.
Result<void> check_size(const wire::Effect& effect, std::size_t caller_bytes, std::size_t limit) {
  const auto* entry = std::get_if<wire::NewEntry>(&effect);
  if (entry == nullptr) return {};
  std::size_t bytes = entry->body.size() + limits::kMessageMargin;
  if (entry->call) bytes += caller_bytes + name_bytes(entry->call->target);
  if (bytes <= limit) return {};
  return Error{Code::kInvalidArgument,
               "an entry of " + std::to_string(entry->body.size()) +
                   " bytes, with the names of who calls and who is called, is above the limit of "
                   "the log, which is " +
                   std::to_string(limit)};
}

}  // namespace

void Leader::start_attempt(partition::InvokeAction action) {
  const std::uint32_t token = next_token_++;
  attempts_[action.invocation] = {token, action.incarnation, name_bytes(action.target)};
  invoker_.invoke(action.invocation, token, action.target, std::move(action.journal),
                  action.queued);
}

Result<void> Leader::on_effect(const InvocationId& invocation, std::uint32_t token,
                               wire::Effect effect) {
  const auto current = attempts_.find(invocation);
  if (current == attempts_.end() || current->second.token != token) return {};  // it is fenced
  wire::Incarnation incarnation = current->second.incarnation;
  if (RESTATE_MUTATION("worker/effects-of-another-life")) ++incarnation.lsn;
  const bool last = ends_attempt(effect);
  RESTATE_TRY_VOID(
      check_size(effect, current->second.name_bytes, processor_.proposer().record_limit()));
  RESTATE_TRY_VOID(processor_.proposer().try_propose(
      wire::InvokerEffect{invocation, std::move(effect), incarnation}));
  if (last) attempts_.erase(current);
  return {};
}

Result<const partition::InvocationStatus*> Leader::find_invocation(
    const InvocationId& invocation, std::optional<partition::InvocationStatus>& room) const {
  // What is asked for has mostly been applied a moment ago.
  const partition::Machine& machine = processor_.machine();
  if (const partition::InvocationStatus* known = machine.known(invocation)) return known;
  RESTATE_TRY(room, machine.tables().find_invocation(invocation));
  return room ? &*room : nullptr;
}

Result<invoker::InvocationInput> Leader::read_invocation(const InvocationId& invocation) {
  std::optional<partition::InvocationStatus> room;
  RESTATE_TRY(const partition::InvocationStatus* const status, find_invocation(invocation, room));
  if (status == nullptr) return Error{Code::kNotFound, "no invocation " + invocation.str()};
  if (status->status != Status::kInvoked) {
    return Error{Code::kFailedPrecondition,
                 invocation.str() + " is " + std::string(to_string(status->status))};
  }
  invoker::InvocationInput input;
  input.target = status->target;
  input.pinned = status->pinned;
  input.journal_length = status->journal.length;
  input.created_at = status->timestamps.created;
  input.modified_at = status->timestamps.modified;
  input.random_seed = status->random_seed.value_or(seed_of(invocation));
  input.span = status->span;
  input.limit_key = status->limit_key;
  input.idempotency_key = status->idempotency_key;
  return input;
}

Result<void> Leader::read_journal(const InvocationId& invocation, std::uint32_t from,
                                  std::uint32_t to, std::size_t max_bytes,
                                  invoker::JournalReader& reader) {
  std::size_t entries = 0, bytes = 0;
  return processor_.machine().tables().scan_entries(
      invocation, from, to, [&](wire::EntryType type, std::string_view body) {
        bytes += body.size();
        if (entries++ > 0 && bytes > max_bytes) return false;
        return reader.entry(type, body);
      });
}

Result<invoker::StateInput> Leader::read_state(const wire::InvocationTarget& target,
                                               PartitionKey key, std::size_t max_bytes) {
  invoker::StateInput state;
  std::size_t bytes = 0;
  RESTATE_TRY_VOID(processor_.machine().tables().scan_state(
      {key, target}, [&](std::string_view name, Bytes&& value) {
        bytes += name.size() + value.size();
        if (bytes > max_bytes) {
          state.partial = true;
          return false;
        }
        state.entries.emplace_back(Bytes(name), std::move(value));
        return true;
      }));
  return state;
}

}  // namespace restate::worker
