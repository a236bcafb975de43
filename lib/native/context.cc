#include <restate/context.h>

#include "native/retry_wish.h"
#include "native/run_policy.h"
#include "native/session.h"

#include <charconv>
#include <exception>
#include <utility>

namespace restate {
namespace {

using native::Await;
using native::Handle;
using native::HandlerSession;

Handle handle_of(Awaitable awaitable) { return {awaitable.index}; }

Awaitable awaitable(Handle handle) { return {handle.index}; }

std::uint64_t whole_ms(Duration duration) {
  const auto ms = std::chrono::ceil<milliseconds>(duration).count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

Result<wire::CallRequest> make_request(const native::Vm& vm, std::string_view service,
                                       std::string_view handler, Bytes argument,
                                       CallOptions options) {
  if ((options.scope || options.limit_key) && vm.protocol() < 7) {
    return Error{Code::kUnsupported, "scopes and limit keys need protocol 7, and this attempt speaks " +
                                         std::to_string(vm.protocol())};
  }
  wire::CallRequest request;
  request.service = service;
  request.handler = handler;
  request.key = std::move(options.key);
  request.parameter = std::move(argument);
  request.headers = std::move(options.headers);
  request.idempotency_key = std::move(options.idempotency_key);
  request.scope = std::move(options.scope);
  request.limit_key = std::move(options.limit_key);
  return request;
}

/// What a step of the user came to.
Result<Bytes> call_step(const std::function<Result<Bytes>()>& step) {
  try {
    return step();
  } catch (const std::exception& exception) {
    return Error{Code::kInternal, exception.what()};
  } catch (...) {
    return Error{Code::kInternal, "it threw something that is no exception"};
  }
}

}  // namespace

const InvocationId& Context::id() const { return session_.vm().start().id; }
const std::string& Context::key() const { return session_.vm().start().key; }
const std::vector<wire::Header>& Context::headers() const { return session_.vm().input().headers; }
const std::optional<std::string>& Context::idempotency_key() const {
  return session_.vm().start().idempotency_key;
}
const std::optional<std::string>& Context::scope() const { return session_.vm().start().scope; }
const std::optional<std::string>& Context::limit_key() const {
  return session_.vm().start().limit_key;
}
std::uint64_t Context::random() { return session_.next_random(); }

Uuid Context::random_uuid() {
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = session_.next_random();
    for (std::size_t i = 0; i < 8; ++i) {
      uuid.bytes[half * 8 + i] = static_cast<std::uint8_t>(bits);
      bits >>= 8;
    }
  }
  // Version 4, variant 1.
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

Result<WallTime> Context::now() {
  RESTATE_TRY(const Bytes text, run_bytes("now", [this]() -> Result<Bytes> {
    return Bytes(std::to_string(session_.wall_now().ms));
  }, {}));
  WallTime time;
  std::from_chars(text.data(), text.data() + text.size(), time.ms);
  return time;
}

void Context::log(LogLevel level, std::string_view message,
                  std::initializer_list<LogField> fields) {
  if (session_.vm().replaying() || session_.vm().closed()) return;
  Logger& logger = session_.log();
  if (!logger.enabled(level)) return;
  logger.write(level, "handler", id().str().append(": ").append(message), fields);
}

// --- Steps outside of the journal -------------------------------------------------------------------

Result<void> Context::take_step(const Awaitable& pending, std::string_view name,
                                const EncodedStep& step, const RunOptions& options) {
  native::Vm& vm = session_.vm();
  const Handle run = handle_of(pending);
  const native::Vm::RunHistory history = vm.run_history();
  // The engine should know what we are at while we are at it.
  session_.flush();
  const WallTime begun = session_.wall_now();
  Result<Bytes> result = call_step(step);
  if (result) return vm.propose_run(run, std::move(*result));
  const Error& error = result.error();
  if (error.code == Code::kTerminal) return vm.propose_run(run, native::failure_of(error));
  const std::uint64_t elapsed_ms = history.elapsed_ms + session_.wall_now().ms_since(begun);
  const auto verdict = native::judge_run_failure(options, history.retries + 1, elapsed_ms);
  const wire::Failure failure{500, error.describe(), {}};
  native::RetryWish wish = native::wish_of(error);
  if (verdict.give_up && !wish.pause) {
    if (!options.pause_when_exhausted) return vm.propose_run(run, failure);
    wish.pause = true;
  }
  if (!wish.delay_ms) wish.delay_ms = verdict.retry_delay_ms;
  vm.fail_run(run, name, failure, wish);
  return native::suspended();
}

Result<Bytes> Context::run_bytes(std::string_view name, const EncodedStep& step,
                                 const RunOptions& options) {
  native::Vm& vm = session_.vm();
  RESTATE_TRY(const Handle run, vm.run(name));
  // Only a look: even an attempt that is to suspend runs its step first, and suspends on the result.
  switch (vm.look({wire::Combinator::kFirstCompleted, {run}})) {
    case native::Progress::kReady: break;
    case native::Progress::kClosed: return native::suspended();
    case native::Progress::kCancelled: return session_.cancelled();
    case native::Progress::kWaiting:
      RESTATE_TRY_VOID(take_step(awaitable(run), name, step, options));
      break;
  }
  return session_.wait_for_bytes(run);
}

Result<Awaitable> Context::start_run_bytes(std::string_view name, const EncodedStep& step,
                                           const RunOptions& options) {
  native::Vm& vm = session_.vm();
  RESTATE_TRY(const Handle run, vm.run(name));
  // Not even a look: what arrived is for the next wait to see, in the order in which it came. The first
  // attempt did not see it here either.
  if (!vm.run_is_finished(run)) {
    RESTATE_TRY_VOID(take_step(awaitable(run), name, step, options));
  }
  return awaitable(run);
}

// --- Time -------------------------------------------------------------------------------------------

Result<Pending<void>> Context::timer(Duration how_long, std::string_view name) {
  const WallTime wake_up = session_.wall_now().plus(whole_ms(how_long));
  RESTATE_TRY(const Handle handle, session_.vm().sleep(wake_up, name));
  return Pending<void>{awaitable(handle)};
}

Result<void> Context::sleep(Duration how_long, std::string_view name) {
  RESTATE_TRY(const auto wake_up, timer(how_long, name));
  return await(wake_up);
}

// --- Other services ---------------------------------------------------------------------------------

Result<Awaitable> Context::start_call_bytes(std::string_view service, std::string_view handler,
                                            Bytes argument, CallOptions options) {
  const std::string name = std::move(options.name);
  RESTATE_TRY(auto request, make_request(session_.vm(), service, handler, std::move(argument),
                                         std::move(options)));
  RESTATE_TRY(const auto handles, session_.vm().call(std::move(request), name));
  return awaitable(handles.result);
}

Result<Awaitable> Context::start_send_bytes(std::string_view service, std::string_view handler,
                                            Bytes argument, SendOptions options) {
  WallTime invoke_time;  // 0: now
  if (options.delay > Duration::zero()) {
    invoke_time = session_.wall_now().plus(whole_ms(options.delay));
  }
  const std::string name = std::move(options.name);
  RESTATE_TRY(auto request, make_request(session_.vm(), service, handler, std::move(argument),
                                         std::move(options)));
  RESTATE_TRY(const Handle id,
              session_.vm().one_way_call(std::move(request), invoke_time, name));
  return awaitable(id);
}

Result<InvocationId> Context::id_of(const Awaitable& call) {
  const auto id = session_.vm().invocation_id_of(handle_of(call));
  if (!id) {
    return Error{Code::kInvalidArgument,
                 "only what `start_call` and `start_send` gave has an invocation's id"};
  }
  return session_.wait_for_id(*id);
}

Result<Awaitable> Context::start_attach_bytes(const InvocationId& invocation) {
  RESTATE_TRY(const Handle handle, session_.vm().attach(invocation.str()));
  return awaitable(handle);
}

Result<std::optional<Bytes>> Context::output_bytes(const InvocationId& invocation) {
  RESTATE_TRY(const Handle handle, session_.vm().get_output(invocation.str()));
  return session_.wait_for_optional(handle);
}

Result<void> Context::cancel(const InvocationId& invocation) {
  return session_.vm().send_signal(invocation, wire::kCancelSignal, wire::Void{});
}

// --- State ------------------------------------------------------------------------------------------

Result<std::optional<Bytes>> Context::get_bytes(std::string_view key) {
  RESTATE_TRY(const Handle handle, session_.vm().get_state(Bytes(key)));
  return session_.wait_for_optional(handle);
}

Result<void> Context::set_bytes(std::string_view key, Bytes value) {
  return session_.vm().set_state(Bytes(key), std::move(value));
}

Result<void> Context::clear(std::string_view key) { return session_.vm().clear_state(Bytes(key)); }
Result<void> Context::clear_all() { return session_.vm().clear_all_state(); }

Result<std::vector<std::string>> Context::keys() {
  RESTATE_TRY(const Handle handle, session_.vm().get_state_keys());
  RESTATE_TRY_VOID(session_.wait(handle));
  std::vector<std::string> names;
  if (const auto* keys = std::get_if<wire::StateKeys>(&session_.vm().result(handle))) {
    for (const Bytes& key : keys->keys) names.push_back(key.str());
  }
  return names;
}

// --- Promises, awakeables, signals ------------------------------------------------------------------

Result<Awaitable> Context::start_promise_bytes(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().get_promise(std::string(name)));
  return awaitable(handle);
}

Result<std::optional<Bytes>> Context::peek_promise_bytes(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().peek_promise(std::string(name)));
  return session_.wait_for_optional(handle);
}

Result<void> Context::resolve_promise_bytes(std::string_view name, Bytes value) {
  RESTATE_TRY(const Handle handle,
              session_.vm().complete_promise(std::string(name), std::move(value)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<void> Context::reject_promise(std::string_view name, const Error& failure) {
  RESTATE_TRY(const Handle handle, session_.vm().complete_promise(std::string(name),
                                                                  native::failure_of(failure)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<Context::NewAwakeable> Context::make_awakeable() {
  RESTATE_TRY(auto made, session_.vm().awakeable());
  return NewAwakeable{std::move(made.id), awaitable(made.result)};
}

Result<void> Context::resolve_awakeable_bytes(std::string_view id, Bytes value) {
  return session_.vm().complete_awakeable(std::string(id), std::move(value));
}

Result<void> Context::reject_awakeable(std::string_view id, const Error& failure) {
  return session_.vm().complete_awakeable(std::string(id), native::failure_of(failure));
}

Result<Awaitable> Context::signal_bytes(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().signal(std::string(name)));
  return awaitable(handle);
}

Result<void> Context::send_signal_bytes(const InvocationId& invocation, std::string_view name,
                                        Bytes value) {
  return session_.vm().send_signal(invocation, wire::SignalName{std::string(name)}, std::move(value));
}

Result<void> Context::reject_signal(const InvocationId& invocation, std::string_view name,
                                    const Error& failure) {
  return session_.vm().send_signal(invocation, wire::SignalName{std::string(name)},
                                   native::failure_of(failure));
}

// --- Waiting ----------------------------------------------------------------------------------------

Result<Bytes> Context::await_bytes(const Awaitable& pending) {
  RESTATE_TRY_VOID(session_.check(handle_of(pending)));
  return session_.wait_for_bytes(handle_of(pending));
}

Result<std::size_t> Context::any(const std::vector<Awaitable>& of) {
  if (of.empty()) return Error{Code::kInvalidArgument, "nothing to wait for"};
  RESTATE_TRY(const Await await, session_.await_of(wire::Combinator::kFirstCompleted, of));
  RESTATE_TRY_VOID(session_.wait(await));
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (session_.vm().done(await.handles[i])) return i;
  }
  return Error{Code::kInternal, "a wait ended without a result"};
}

Result<std::optional<std::size_t>> Context::select(std::vector<Awaitable> of, Duration timeout) {
  RESTATE_TRY(const auto late, timer(timeout));
  const std::size_t count = of.size();
  of.push_back(late);
  RESTATE_TRY(const std::size_t first, any(of));
  return first == count ? std::optional<std::size_t>() : first;
}

Result<bool> Context::wait_within(Await& await, const std::optional<Duration>& timeout) {
  if (timeout) {
    RESTATE_TRY(const auto late, timer(*timeout));
    await.limit = handle_of(late);
  }
  RESTATE_TRY_VOID(session_.wait(await));
  return session_.vm().satisfied(await);
}

Result<void> Context::all(const std::vector<Awaitable>& of) {
  RESTATE_TRY(const Await await, session_.await_of(wire::Combinator::kAllCompleted, of));
  return session_.wait(await);
}

Result<bool> Context::all(const std::vector<Awaitable>& of, Duration timeout) {
  RESTATE_TRY(Await await, session_.await_of(wire::Combinator::kAllCompleted, of));
  return wait_within(await, timeout);
}

Result<std::optional<std::size_t>> Context::find_success(const std::vector<Awaitable>& of,
                                                         std::optional<Duration> timeout) {
  if (of.empty()) return Error{Code::kInvalidArgument, "nothing to wait for"};
  RESTATE_TRY(Await await, session_.await_of(wire::Combinator::kFirstSucceededOrAllFailed, of));
  RESTATE_TRY(const bool in_time, wait_within(await, timeout));
  if (!in_time) return std::optional<std::size_t>();
  const native::Vm& vm = session_.vm();
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (vm.done(await.handles[i]) && !vm.failed(await.handles[i])) return i;
  }
  return std::size_t{0};
}

Result<bool> Context::await_successes(const std::vector<Awaitable>& of,
                                      std::optional<Duration> timeout) {
  RESTATE_TRY(Await await, session_.await_of(wire::Combinator::kAllSucceededOrFirstFailed, of));
  RESTATE_TRY(const bool in_time, wait_within(await, timeout));
  if (!in_time) return false;
  for (const Handle handle : await.handles) {
    if (session_.vm().failed(handle)) return session_.wait_for_bytes(handle).error();
  }
  return true;
}

}  // namespace restate
