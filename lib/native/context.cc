#include <restate/context.h>

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

template <class T>
Pending<T> pending(Handle handle) {
  Pending<T> result;
  result.index = handle.index;
  return result;
}

std::uint64_t whole_ms(Duration duration) {
  const auto ms = std::chrono::ceil<milliseconds>(duration).count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

wire::CallRequest make_request(std::string_view service, std::string_view handler, Bytes argument,
                               CallOptions& options) {
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

// --- Steps outside of the journal -------------------------------------------------------------------

Result<Bytes> Context::run_bytes(std::string_view name, const std::function<Result<Bytes>()>& step,
                                 const RunOptions& options) {
  native::Vm& vm = session_.vm();
  RESTATE_TRY(const Handle run, vm.run(name));
  const Await await{wire::Combinator::kFirstCompleted, {run}};
  // Only a look: even an attempt that is to suspend runs its step first, and suspends on the result.
  switch (vm.look(await)) {
    case native::Progress::kReady: return session_.wait_for_bytes(run);
    case native::Progress::kClosed: return native::suspended();
    case native::Progress::kCancelled: return session_.cancelled();
    case native::Progress::kWaiting: break;
  }
  const native::Vm::RunHistory history = vm.run_history();
  // The engine should know what we are at while we are at it.
  session_.flush();
  const WallTime begun = session_.wall_now();
  Result<Bytes> result = call_step(step);
  if (result) {
    RESTATE_TRY_VOID(vm.propose_run(run, std::move(*result)));
    return session_.wait_for_bytes(run);
  }
  const Error& error = result.error();
  if (error.code == Code::kTerminal) {
    const std::uint32_t status = error.status == 0 ? 500 : error.status;
    RESTATE_TRY_VOID(vm.propose_run(run, wire::Failure{status, error.message, {}}));
    return session_.wait_for_bytes(run);
  }
  const std::uint64_t elapsed_ms = history.elapsed_ms + session_.wall_now().ms_since(begun);
  const auto verdict = native::judge_run_failure(options, history.retries + 1, elapsed_ms);
  const wire::Failure failure{500, error.describe(), {}};
  if (verdict.give_up) {
    RESTATE_TRY_VOID(vm.propose_run(run, failure));
    return session_.wait_for_bytes(run);
  }
  vm.fail_run(run, name, failure, verdict.retry_delay_ms);
  return native::suspended();
}

// --- Time -------------------------------------------------------------------------------------------

Result<Pending<void>> Context::timer(Duration how_long, std::string_view name) {
  const WallTime wake_up = session_.wall_now().plus(whole_ms(how_long));
  RESTATE_TRY(const Handle handle, session_.vm().sleep(wake_up, name));
  return pending<void>(handle);
}

Result<void> Context::sleep(Duration how_long, std::string_view name) {
  RESTATE_TRY(const auto wake_up, timer(how_long, name));
  return await(wake_up);
}

// --- Other services ---------------------------------------------------------------------------------

Result<Pending<Bytes>> Context::start_call(std::string_view service, std::string_view handler,
                                           Bytes argument, CallOptions options) {
  const std::string name = options.name;
  RESTATE_TRY(const auto handles,
              session_.vm().call(make_request(service, handler, std::move(argument), options), name));
  return pending<Bytes>(handles.result);
}

Result<Bytes> Context::call(std::string_view service, std::string_view handler, Bytes argument,
                            CallOptions options) {
  RESTATE_TRY(const auto result,
              start_call(service, handler, std::move(argument), std::move(options)));
  return await(result);
}

Result<InvocationId> Context::send(std::string_view service, std::string_view handler,
                                   Bytes argument, SendOptions options) {
  WallTime invoke_time;  // 0: now
  if (options.delay > Duration::zero()) {
    invoke_time = session_.wall_now().plus(whole_ms(options.delay));
  }
  const std::string name = options.name;
  RESTATE_TRY(const Handle handle,
              session_.vm().one_way_call(make_request(service, handler, std::move(argument), options),
                                         invoke_time, name));
  RESTATE_TRY_VOID(session_.wait(handle));
  const auto* id = std::get_if<InvocationId>(&session_.vm().result(handle));
  if (id == nullptr) return Error{Code::kInternal, "the engine answered a send without an id"};
  return *id;
}

Result<Bytes> Context::attach(const InvocationId& invocation) {
  RESTATE_TRY(const Handle handle, session_.vm().attach(invocation.str()));
  return session_.wait_for_bytes(handle);
}

Result<std::optional<Bytes>> Context::output(const InvocationId& invocation) {
  RESTATE_TRY(const Handle handle, session_.vm().get_output(invocation.str()));
  return session_.wait_for_optional(handle);
}

Result<void> Context::cancel(const InvocationId& invocation) {
  return session_.vm().send_signal(invocation, wire::kCancelSignal, wire::Void{});
}

// --- State ------------------------------------------------------------------------------------------

Result<std::optional<Bytes>> Context::get(std::string_view key) {
  RESTATE_TRY(const Handle handle, session_.vm().get_state(Bytes(key)));
  return session_.wait_for_optional(handle);
}

Result<void> Context::set(std::string_view key, Bytes value) {
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

Result<Pending<Bytes>> Context::start_promise(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().get_promise(std::string(name)));
  return pending<Bytes>(handle);
}

Result<Bytes> Context::promise(std::string_view name) {
  RESTATE_TRY(const auto result, start_promise(name));
  return await(result);
}

Result<std::optional<Bytes>> Context::peek_promise(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().peek_promise(std::string(name)));
  return session_.wait_for_optional(handle);
}

Result<void> Context::resolve_promise(std::string_view name, Bytes value) {
  RESTATE_TRY(const Handle handle,
              session_.vm().complete_promise(std::string(name), std::move(value)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<void> Context::reject_promise(std::string_view name, std::string reason) {
  RESTATE_TRY(const Handle handle,
              session_.vm().complete_promise(std::string(name),
                                             wire::Failure{500, std::move(reason), {}}));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<Awakeable> Context::awakeable() {
  RESTATE_TRY(auto made, session_.vm().awakeable());
  return Awakeable{std::move(made.id), pending<Bytes>(made.result)};
}

Result<void> Context::resolve_awakeable(std::string_view id, Bytes value) {
  return session_.vm().complete_awakeable(std::string(id), std::move(value));
}

Result<void> Context::reject_awakeable(std::string_view id, std::string reason) {
  return session_.vm().complete_awakeable(std::string(id),
                                          wire::Failure{500, std::move(reason), {}});
}

Result<Pending<Bytes>> Context::signal(std::string_view name) {
  RESTATE_TRY(const Handle handle, session_.vm().signal(std::string(name)));
  return pending<Bytes>(handle);
}

Result<void> Context::send_signal(const InvocationId& invocation, std::string_view name, Bytes value) {
  return session_.vm().send_signal(invocation, wire::SignalName{std::string(name)}, std::move(value));
}

// --- Waiting ----------------------------------------------------------------------------------------

Result<Bytes> Context::await_bytes(Awaitable pending) {
  RESTATE_TRY_VOID(session_.check(handle_of(pending)));
  return session_.wait_for_bytes(handle_of(pending));
}

Result<std::size_t> Context::any(const std::vector<Awaitable>& of) {
  if (of.empty()) return Error{Code::kInvalidArgument, "nothing to wait for"};
  Await await{wire::Combinator::kFirstCompleted, {}};
  for (const Awaitable& awaitable : of) {
    RESTATE_TRY_VOID(session_.check(handle_of(awaitable)));
    await.handles.push_back(handle_of(awaitable));
  }
  RESTATE_TRY_VOID(session_.wait(await));
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (session_.vm().done(await.handles[i])) return i;
  }
  return Error{Code::kInternal, "a wait ended without a result"};
}

Result<void> Context::all(const std::vector<Awaitable>& of) {
  Await await{wire::Combinator::kAllCompleted, {}};
  for (const Awaitable& awaitable : of) {
    RESTATE_TRY_VOID(session_.check(handle_of(awaitable)));
    await.handles.push_back(handle_of(awaitable));
  }
  return session_.wait(await);
}

}  // namespace restate
