#include "partition/machine/entries.h"
#include "partition/machine/journal.h"
#include "partition/machine/respond.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::partition {

namespace {

wire::NotificationResult notification_of(const wire::InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) return *value;
  return std::get<wire::Failure>(result);
}

bool has_promises(const StoredCommand& stored) {
  return stored.live.status.target.type == wire::ServiceType::kWorkflow;
}

Result<Promise> read_promise(const std::string& key, const StoredCommand& stored) {
  RESTATE_TRY(auto promise, stored.step.state.tables().find_promise(
                                {stored.live.id.key, stored.live.status.target}, key));
  return promise ? std::move(*promise) : Promise{};
}

void put_promise(const std::string& key, const Promise& promise, const StoredCommand& stored) {
  stored.step.state.put_promise({stored.live.id.key, stored.live.status.target}, key, promise);
}

}  // namespace

Result<void> apply_entry(const wire::GetPromiseEntry& entry, const StoredCommand& stored) {
  constexpr auto kCompletion = wire::EntryType::kGetPromiseCompletion;
  if (!has_promises(stored)) return stored.complete(entry.completion, kCompletion, Bytes());
  RESTATE_TRY(Promise promise, read_promise(entry.key, stored));
  if (promise.result) {
    return stored.complete(entry.completion, kCompletion, notification_of(*promise.result));
  }
  RESTATE_TRY_VOID(stored.announce(entry.completion, kCompletion));
  promise.listeners.push_back(stored.sink(entry.completion));
  put_promise(entry.key, promise, stored);
  return {};
}

Result<void> apply_entry(const wire::PeekPromiseEntry& entry, const StoredCommand& stored) {
  wire::NotificationResult result = wire::Void{};
  if (has_promises(stored)) {
    RESTATE_TRY(const Promise promise, read_promise(entry.key, stored));
    if (promise.result) result = notification_of(*promise.result);
  }
  return stored.complete(entry.completion, wire::EntryType::kPeekPromiseCompletion,
                         std::move(result));
}

Result<void> apply_entry(const wire::CompletePromiseEntry& entry, const StoredCommand& stored) {
  constexpr auto kCompletion = wire::EntryType::kCompletePromiseCompletion;
  if (!has_promises(stored)) return stored.complete(entry.completion, kCompletion, wire::Void{});
  RESTATE_TRY(Promise promise, read_promise(entry.key, stored));
  if (promise.result) {
    return stored.complete(entry.completion, kCompletion,
                           wire::failures::promise_already_completed());
  }
  Copies copies(entry.value);
  for (const auto& listener : promise.listeners) {
    if (RESTATE_MUTATION("partition/promise-listener-forgotten")) break;
    reply(listener, copies.next(), {}, stored.step);
  }
  promise.listeners.clear();
  promise.result = entry.value;
  put_promise(entry.key, promise, stored);
  return stored.complete(entry.completion, kCompletion, wire::Void{});
}

}  // namespace restate::partition
