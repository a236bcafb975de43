#include "partition/machine/object.h"

#include "partition/machine/lifecycle.h"
#include "partition/rows.h"
#include "partition/state_version.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::partition {

namespace {

std::uint64_t push(const keys::ObjectRef& object, Lock lock, const InboxEntry& entry, Step& step) {
  const std::uint64_t sequence = step.state.next_inbox_sequence();
  step.state.put_inbox(object, sequence, entry);
  if (lock.waiting == 0) lock.scan_from = sequence;
  ++lock.waiting;
  step.state.put_lock(object, lock);
  return sequence;
}

Error broken_inbox(const ObjectKey& object, const char* what) {
  return {Code::kCorrupt, "releasing object " + object.service + "/" + object.key + ": " + what};
}

}  // namespace

Result<bool> acquire(Live& live, Step& step) {
  if (!live.status.target.exclusive()) return true;
  const keys::ObjectRef object(live.id.key, live.status.target);
  RESTATE_TRY(const auto lock, step.state.tables().find_lock(object));
  if (!lock) {
    step.state.put_lock(object, {.holder = live.id});
    return true;
  }
  InvocationStatus& status = step.change(live);
  status.status = Status::kInboxed;
  status.timestamps.inboxed = status.timestamps.modified;
  status.inbox_sequence = push(object, *lock, live.id, step);
  return false;
}

Result<void> release(const ObjectKey& object, const InvocationId& holder, Step& step) {
  RESTATE_TRY(auto lock, step.state.tables().find_lock(object));
  if (!lock || lock->holder != holder) return broken_inbox(object, "its lock is not held");
  while (lock->waiting > 0) {
    std::optional<InboxRow> next;
    RESTATE_TRY_VOID(step.state.tables().scan_inbox(object, lock->scan_from, [&](InboxRow&& row) {
      next = std::move(row);
      return RESTATE_MUTATION("partition/inbox-out-of-order");
    }));
    if (!next) return broken_inbox(object, "its inbox has fewer rows than its lock says");
    step.state.erase_inbox(object, next->sequence);
    --lock->waiting;
    lock->scan_from = next->sequence + 1;
    if (const auto* mutation = std::get_if<StateMutation>(&next->entry)) {
      RESTATE_TRY_VOID(apply_mutation(object, *mutation, step));
      continue;
    }
    RESTATE_TRY(Live * live, step.state.invocations.find(std::get<InvocationId>(next->entry)));
    if (live == nullptr || live->status.status != Status::kInboxed) {
      return broken_inbox(object, "an invocation in its inbox does not wait");
    }
    lock->holder = live->id;
    step.state.put_lock(object, *lock);
    return admit(*live, {}, step);
  }
  if (RESTATE_MUTATION("partition/lock-not-released")) return {};
  step.state.erase_lock(object);
  return {};
}

Result<void> leave_inbox(const Live& live, Step& step) {
  const keys::ObjectRef object(live.id.key, live.status.target);
  RESTATE_TRY(auto lock, step.state.tables().find_lock(object));
  if (!lock || lock->waiting == 0) {
    return broken_inbox(ObjectKey(live.id.key, live.status.target), "nothing waits there");
  }
  step.state.erase_inbox(object, live.status.inbox_sequence);
  --lock->waiting;
  step.state.put_lock(object, *lock);
  return {};
}

Result<void> mutate(const ObjectKey& object, const StateMutation& mutation, Step& step) {
  RESTATE_TRY(const auto lock, step.state.tables().find_lock(object));
  if (!lock) return apply_mutation(object, mutation, step);
  push(object, *lock, mutation, step);
  return {};
}

Result<void> apply_mutation(const ObjectKey& object, const StateMutation& mutation, Step& step) {
  StateVersion version;
  std::vector<std::string> gone;
  RESTATE_TRY_VOID(step.state.tables().scan_state(object, [&](std::string_view key, Bytes&& value) {
    if (mutation.expected_version) version.add(key, value.view());
    if (mutation.state.find(std::string(key)) == mutation.state.end()) gone.emplace_back(key);
    return true;
  }));
  if (mutation.expected_version && *mutation.expected_version != version.str()) return {};
  for (const auto& key : gone) step.state.erase_state(object, key);
  for (const auto& [key, value] : mutation.state) step.state.put_state(object, key, value);
  return {};
}

}  // namespace restate::partition
