#include "native/session.h"

#include "common/hash.h"
#include "common/utf8.h"

#include <restate/assert.h>
#include <restate/failure.h>

#include <exception>
#include <utility>

namespace restate::native {
namespace {

constexpr std::uint32_t kCancelledStatus = 409;

/// How deep groups may stand in groups: what asks is code that went wrong, and recursion has an end.
constexpr std::uint32_t kDeepestGroup = 100;

wire::Combinator combinator_of(restate::detail::GroupRule rule) {
  switch (rule) {
    case restate::detail::GroupRule::kAny: return wire::Combinator::kFirstCompleted;
    case restate::detail::GroupRule::kAll: return wire::Combinator::kAllCompleted;
    case restate::detail::GroupRule::kFirstSucceeded:
      return wire::Combinator::kFirstSucceededOrAllFailed;
    case restate::detail::GroupRule::kAllSucceeded:
      return wire::Combinator::kAllSucceededOrFirstFailed;
  }
  RESTATE_UNREACHABLE();
}

/// Whoever failed may have written anything into it; only `cancelled` below says that this one is cancelled.
Error error_of(const wire::Failure& failure) {
  return {Code::kTerminal, failure.message, failure.code, failure.metadata};
}

/// Before protocol 6 the engine names no seed, and the id has to do.
std::uint64_t seed_of_attempt(const Vm& vm) {
  if (vm.start().random_seed != 0) return vm.start().random_seed;
  return seed_of(vm.start().id);
}

/// The one place where code of users is called: it may throw what it likes.
Result<Bytes> call_guarded(const HandlerFunction& function, Context& context, Bytes argument) {
  try {
    return function(context, std::move(argument));
  } catch (const std::exception& exception) {
    return Error{Code::kInternal, std::string("the handler threw: ") + exception.what()};
  } catch (...) {
    return Error{Code::kInternal, "the handler threw something that is no exception"};
  }
}

}  // namespace

wire::Failure failure_of(const Error& error) {
  // Whoever waits for a cancelled invocation is not cancelled: that does not go along.
  wire::Failure failure{error.status == 0 ? 500 : error.status, utf8_lossy(error.message), {}};
  failure.metadata.reserve(error.metadata.size());
  for (const auto& [name, value] : error.metadata) {
    failure.metadata.emplace_back(utf8_lossy(name), utf8_lossy(value));
  }
  return failure;
}

HandlerSession::HandlerSession(Vm& vm, Mailbox& mailbox, SessionOutput& output, AttemptInfo info)
    : vm_(vm),
      mailbox_(mailbox),
      output_(output),
      info_(std::move(info)),
      random_state_(seed_of_attempt(vm)) {}

void HandlerSession::run(const HandlerFunction& function) {
  Context context(*this);
  Result<Bytes> result = call_guarded(function, context, vm_.input().value);
  if (!vm_.closed()) {
    if (result) {
      vm_.end(std::move(*result));
    } else if (result.error().code == Code::kTerminal) {
      vm_.end(failure_of(result.error()));
    } else {
      protocol::ErrorMessage error;
      error.code = 500;
      error.message = result.error().code == Code::kSuspended
                          ? "the handler returned `kSuspended` although its attempt goes on"
                          : result.error().describe();
      vm_.fail(std::move(error), result.error().retry);
    }
  }
  output_.write(vm_.take_output(), true);
}

std::uint64_t HandlerSession::next_random() {
  // SplitMix64. The sequence is part of what replays, so it never changes.
  random_state_ += 0x9e3779b97f4a7c15;
  std::uint64_t x = random_state_;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

void HandlerSession::flush() {
  if (vm_.output_bytes() > 0) output_.write(vm_.take_output(), false);
}

void HandlerSession::block(OpenAwait& await) {
  vm_.announce(await);
  flush();
  mailbox_.set_earned(vm_.has_earned_its_replay());
  std::optional<HandlerEvent> event = mailbox_.take();
  do {
    switch (event->kind) {
      case HandlerEvent::Kind::kData: vm_.feed(std::move(event->data)); break;
      case HandlerEvent::Kind::kInputEnd: vm_.close_input(); break;
      case HandlerEvent::Kind::kEvict: vm_.evict(); break;
      case HandlerEvent::Kind::kAbandon: vm_.abandon(); break;
    }
    event = mailbox_.try_take();
  } while (event);
}

Progress HandlerSession::progress(OpenAwait& await, bool interruptible) {
  const Progress seen = vm_.progress(await, interruptible);
  const bool goes_on = seen == Progress::kReady || seen == Progress::kCancelled;
  if (goes_on && vm_.take_back_eviction()) mailbox_.stay();
  return seen;
}

Result<void> HandlerSession::wait(OpenAwait& await) {
  for (;;) {
    switch (progress(await)) {
      case Progress::kReady: return {};
      case Progress::kClosed: return suspended();
      case Progress::kCancelled: return cancelled();
      case Progress::kWaiting: block(await); break;
    }
  }
}

Result<bool> HandlerSession::wait(const Await& await) {
  OpenAwait open(await, vm_);
  RESTATE_TRY_VOID(wait(open));
  return open.satisfied();
}

Result<void> HandlerSession::wait(Handle handle) {
  if (vm_.done(handle) && !vm_.closed()) return {};
  const Await await{.handles = {handle}};
  OpenAwait open(await, vm_);
  return wait(open);
}

Error HandlerSession::cancelled() {
  if (auto passed = pass_on_cancellation(); !passed) return std::move(passed).error();
  Error error{Code::kTerminal, "cancelled", kCancelledStatus};
  error.cancelled = true;
  return error;
}

Result<void> HandlerSession::check(Handle handle) const {
  if (vm_.knows(handle)) return {};
  return Error{Code::kInvalidArgument, "waiting for something that was never started"};
}

Result<Await> HandlerSession::await_of(restate::detail::GroupRule rule,
                                       const std::vector<Awaitable>& of, std::uint32_t depth) const {
  Await await{.combinator = combinator_of(rule), .handles = {}};
  const bool takes_nothing = rule == restate::detail::GroupRule::kAll ||
                             rule == restate::detail::GroupRule::kAllSucceeded;
  if (of.empty() && !takes_nothing) return Error{Code::kInvalidArgument, "nothing to wait for"};
  if (depth == kDeepestGroup) return Error{Code::kInvalidArgument, "groups stand too deep in groups"};
  await.handles.reserve(of.size());
  for (const Awaitable& one : of) {
    if (one.group == nullptr) {
      RESTATE_TRY_VOID(check({one.index}));
      await.handles.push_back({one.index});
    } else {
      RESTATE_TRY(Await nested, await_of(one.group->rule, one.group->of, depth + 1));
      await.nested.push_back(std::move(nested));
    }
  }
  return await;
}

Result<void> HandlerSession::wait_uninterrupted(Handle handle) {
  const Await await{.handles = {handle}};
  OpenAwait open(await, vm_);
  for (;;) {
    switch (progress(open, false)) {
      case Progress::kReady: return {};
      case Progress::kClosed:
      case Progress::kCancelled: return suspended();
      case Progress::kWaiting: block(open); break;
    }
  }
}

Result<void> HandlerSession::pass_on_cancellation() {
  for (const Handle child : vm_.open_children()) {
    RESTATE_TRY_VOID(wait_uninterrupted(child));
    const auto* id = std::get_if<InvocationId>(&vm_.result(child));
    if (id == nullptr) continue;
    RESTATE_TRY_VOID(vm_.send_signal(*id, wire::kCancelSignal, wire::Void{}));
  }
  return {};
}

Result<std::optional<Bytes>> HandlerSession::wait_for_optional(Handle handle) {
  RESTATE_TRY_VOID(wait(handle));
  const wire::NotificationResult& result = vm_.result(handle);
  if (const auto* failure = std::get_if<wire::Failure>(&result)) return error_of(*failure);
  if (const auto* value = std::get_if<Bytes>(&result)) return std::optional<Bytes>(*value);
  return std::optional<Bytes>();
}

Result<Bytes> HandlerSession::wait_for_bytes(Handle handle) {
  RESTATE_TRY(std::optional<Bytes> value, wait_for_optional(handle));
  return value ? std::move(*value) : Bytes();
}

Result<InvocationId> HandlerSession::wait_for_id(Handle handle) {
  RESTATE_TRY_VOID(wait(handle));
  const auto* id = std::get_if<InvocationId>(&vm_.result(handle));
  if (id == nullptr) return Error{Code::kInternal, "the engine named no id of what was called"};
  return *id;
}

}  // namespace restate::native
