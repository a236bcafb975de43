#pragma once

/// \file
/// What a durable function sees of the world. Every step it takes through its context is written to
/// a journal before it counts; when the function is called again, after a crash or a long wait, the
/// steps are found there and are not taken twice.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/log.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/service.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace restate {

namespace native {
class HandlerSession;
struct Await;
}  // namespace native

namespace detail {
/// What a wait with a limit comes to: nothing if it takes longer; `true` and `false` for what has no
/// value.
template <class T>
using InTime = std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>;
}  // namespace detail

/// Something to wait for. Belongs to the context that gave it.
struct Awaitable {
  std::uint32_t index = UINT32_MAX;  ///< of the context's own books; only it makes them
};

/// The same, with what comes out of it: see `Context::await`.
template <class T>
struct Pending : Awaitable {};

/// A result that something outside completes: see `Context::awakeable`.
template <class T = Bytes>
struct Awakeable {
  std::string id;     ///< may travel anywhere: in a request, a mail, the URL of a webhook
  Pending<T> result;  ///< to be waited for
};

/// What a call says beside its argument.
struct CallOptions {
  std::string key = {};  ///< of objects and workflows
  /// The same key runs once, and every call with it has that result while it is retained.
  std::optional<std::string> idempotency_key = {};
  std::vector<wire::Header> headers = {};  ///< that the callee sees
  std::optional<std::string> scope = {},   ///< the callee's (docs/flow-control.md); protocol 7
      limit_key = {};                      ///< within the scope; protocol 7
  std::string name = {};                   ///< shown in the journal
};

/// What a send says beside its argument.
struct SendOptions : CallOptions {
  Duration delay{};  ///< not before
};

/// How a step that fails is tried again; what is left open, the invocation's retry policy decides.
struct RunOptions {
  std::optional<std::uint32_t> max_attempts = {};    ///< then the step fails for good
  std::optional<Duration> max_duration = {};         ///< as does one that failed for this long
  std::optional<Duration> initial_interval = {};     ///< the wait before the second try
  double factor = 2.0;                               ///< by which the wait grows each time
  Duration max_interval = std::chrono::seconds(10);  ///< the longest wait
  /// Then it does not fail for good: the invocation is paused, and whoever resumes it has it tried again.
  bool pause_when_exhausted = false;
};

/// Only on the thread and for the call it was given to.
///
/// Values are of any type that has a `Serde`: `ctx.get<int>("count")`. Where no type is said, they are
/// `Bytes`. What cannot be read as its type is an error `kInvalidArgument`, which retries, because the
/// code is wrong and not the world.
///
/// After an error `kSuspended` every step answers with it, and the function must return it: it is
/// called again when there is something new. The destructors that run then say nothing about the
/// invocation, so compensation belongs in code, never in a destructor.
///
/// `kTerminal` is the failure of a callee or a step, or a cancellation (status 409, see
/// `is_cancellation`). A function may handle it and go on. A cancellation ends the wait it meets, or the
/// next one, once; it goes to the calls that are still open, and what the function does afterwards works
/// as before. It may meet a step that was just run: then the step has happened, although `run` answers
/// 409.
class Context {
 public:
  /// By the library only: a handler is given its context.
  explicit Context(native::HandlerSession& session) : session_(session) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Of this invocation.
  const InvocationId& id() const;
  /// Of the object or workflow; empty for services.
  const std::string& key() const;
  /// Of the request, in the order in which they came.
  const std::vector<wire::Header>& headers() const;
  /// @{
  /// Of the request, if it had one and this attempt speaks protocol 7.
  const std::optional<std::string>& idempotency_key() const;
  const std::optional<std::string>& scope() const;
  const std::optional<std::string>& limit_key() const;
  /// @}
  /// Random numbers that are the same in every attempt.
  std::uint64_t random();
  /// Also the same in every attempt: a good idempotency key for other systems.
  Uuid random_uuid();
  /// The time of the first attempt to ask.
  Result<WallTime> now();
  /// A line for the logger of the engine or endpoint, with the invocation's id. Silent while steps are
  /// found in the journal: a line comes again only if an attempt ends before the step behind it.
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  // --- Steps outside of the journal ---

  /// Runs `step` once it is known that no earlier attempt has finished it; its result goes to the
  /// journal. It may take nothing of this context. A `kTerminal` error becomes the result; any
  /// other error, or an exception, is tried again, as `options` say; `paused` and `retry_in` say it
  /// for once. Returns what `step` does, as a `Result`.
  template <class Step>
  Result<detail::OutcomeOfCall<Step>> run(std::string_view name, Step step,
                                          const RunOptions& options = {}) {
    const auto encoded = [&] { return detail::call_and_encode(step); };
    return detail::decode<detail::OutcomeOfCall<Step>>(run_bytes(name, encoded, options), "step",
                                                       name);
  }
  /// The same, but does not wait until the result is durable: others can be started meanwhile.
  template <class Step>
  Result<Pending<detail::OutcomeOfCall<Step>>> start_run(std::string_view name, Step step,
                                                         const RunOptions& options = {}) {
    const auto encoded = [&] { return detail::call_and_encode(step); };
    return as_pending<detail::OutcomeOfCall<Step>>(start_run_bytes(name, encoded, options));
  }

  // --- Time ---

  /// Waits. The time counts from the first attempt, whether anything runs or not. Journals show
  /// `name`.
  Result<void> sleep(Duration how_long, std::string_view name = {});
  /// The same, but goes on: something to wait for beside others.
  Result<Pending<void>> timer(Duration how_long, std::string_view name = {});

  // --- Other services ---

  /// Calls a handler and waits for its result: `ctx.call<int>("Counter", "add", 5, {.key = "a"})`.
  template <class R = Bytes, class A = Bytes>
  Result<R> call(std::string_view service, std::string_view handler, A&& argument,
                 CallOptions options = {}) {
    RESTATE_TRY(const auto result, start_call<R>(service, handler, std::forward<A>(argument),
                                                 std::move(options)));
    return await(result);
  }
  /// Calls a handler and goes on.
  template <class R = Bytes, class A = Bytes>
  Result<Pending<R>> start_call(std::string_view service, std::string_view handler, A&& argument,
                                CallOptions options = {}) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<A>(argument)));
    return as_pending<R>(start_call_bytes(service, handler, std::move(bytes), std::move(options)));
  }
  /// Has a handler run, now or later, and does not care for its result.
  template <class A = Bytes>
  Result<InvocationId> send(std::string_view service, std::string_view handler, A&& argument,
                            SendOptions options = {}) {
    RESTATE_TRY(const auto sent, start_send(service, handler, std::forward<A>(argument),
                                            std::move(options)));
    return id_of(sent);
  }
  /// The same, but does not wait until it has an id: for many at once. There is something to wait for
  /// all the same, and `id_of` it.
  template <class A = Bytes>
  Result<Pending<void>> start_send(std::string_view service, std::string_view handler, A&& argument,
                                   SendOptions options = {}) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<A>(argument)));
    return as_pending<void>(
        start_send_bytes(service, handler, std::move(bytes), std::move(options)));
  }
  /// The id of what `start_call` or `start_send` started. `kInvalidArgument`: it was something else.
  Result<InvocationId> id_of(const Awaitable& call);

  /// The result of an invocation that somebody else started.
  template <class R = Bytes>
  Result<R> attach(const InvocationId& invocation) {
    RESTATE_TRY(const auto result, start_attach<R>(invocation));
    return await(result);
  }
  /// The same, but goes on.
  template <class R = Bytes>
  Result<Pending<R>> start_attach(const InvocationId& invocation) {
    return as_pending<R>(start_attach_bytes(invocation));
  }
  /// The same if it is there, and nothing otherwise.
  template <class R = Bytes>
  Result<std::optional<R>> output(const InvocationId& invocation) {
    return detail::decode<R>(output_bytes(invocation), "the result");
  }
  /// Asks an invocation to end, and goes on. Of one that is not there, or has ended: nothing.
  Result<void> cancel(const InvocationId& invocation);

  // --- The state of this object or workflow ---

  /// The value under this name; nothing: it is not set.
  template <class T = Bytes>
  Result<std::optional<T>> get(std::string_view key) {
    return detail::decode<T>(get_bytes(key), "state", key);
  }
  /// The same, or `otherwise` if it is not set.
  template <class T>
  Result<T> get_or(std::string_view key, std::type_identity_t<T> otherwise) {
    RESTATE_TRY(std::optional<T> value, get<T>(key));
    return value ? *std::move(value) : std::move(otherwise);
  }
  /// Sets the value under this name. Shared handlers only read.
  template <class T = Bytes>
  Result<void> set(std::string_view key, T&& value) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<T>(value)));
    return set_bytes(key, std::move(bytes));
  }
  /// Removes the value under this name, if there is one. Shared handlers only read.
  Result<void> clear(std::string_view key);
  /// Removes all values. Shared handlers only read.
  Result<void> clear_all();
  /// Sorted.
  Result<std::vector<std::string>> keys();

  // --- Promises of this workflow, awakeables, signals ---
  //
  // To reject is to complete with a failure: whoever waits for it gets the same `kTerminal` error.

  /// Waits for a promise, and returns what it was completed with.
  template <class T = Bytes>
  Result<T> promise(std::string_view name) {
    RESTATE_TRY(const auto result, start_promise<T>(name));
    return await(result);
  }
  /// The same, but goes on.
  template <class T = Bytes>
  Result<Pending<T>> start_promise(std::string_view name) {
    return as_pending<T>(start_promise_bytes(name));
  }
  /// What it was completed with; nothing: it is not completed yet.
  template <class T = Bytes>
  Result<std::optional<T>> peek_promise(std::string_view name) {
    return detail::decode<T>(peek_promise_bytes(name), "promise", name);
  }
  /// `kTerminal` with status 409: it is completed already.
  template <class T = Bytes>
  Result<void> resolve_promise(std::string_view name, T&& value) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<T>(value)));
    return resolve_promise_bytes(name, std::move(bytes));
  }
  /// Completes it with a failure. Errors as `resolve_promise`.
  Result<void> reject_promise(std::string_view name, const Error& failure);
  /// The same, with status 500.
  Result<void> reject_promise(std::string_view name, std::string reason) {
    return reject_promise(name, terminal(std::move(reason)));
  }

  /// A result to be given from outside, under an id.
  template <class T = Bytes>
  Result<Awakeable<T>> awakeable() {
    RESTATE_TRY(auto made, make_awakeable());
    return Awakeable<T>{std::move(made.id), {made.result}};
  }
  /// Completes an awakeable of any invocation. The first completion counts.
  template <class T = Bytes>
  Result<void> resolve_awakeable(std::string_view id, T&& value) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<T>(value)));
    return resolve_awakeable_bytes(id, std::move(bytes));
  }
  /// Completes it with a failure. The first completion counts.
  Result<void> reject_awakeable(std::string_view id, const Error& failure);
  /// The same, with status 500.
  Result<void> reject_awakeable(std::string_view id, std::string reason) {
    return reject_awakeable(id, terminal(std::move(reason)));
  }

  /// The next signal of this name. A signal goes to the oldest of those that asked: after a timeout, wait
  /// for the same one again.
  template <class T = Bytes>
  Result<Pending<T>> signal(std::string_view name) {
    return as_pending<T>(signal_bytes(name));
  }
  /// Sends a signal of this name, and goes on. Of an invocation that is not there, or has ended:
  /// nothing.
  template <class T = Bytes>
  Result<void> send_signal(const InvocationId& invocation, std::string_view name, T&& value) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<T>(value)));
    return send_signal_bytes(invocation, name, std::move(bytes));
  }
  /// Sends a failure in its place.
  Result<void> reject_signal(const InvocationId& invocation, std::string_view name,
                             const Error& failure);

  // --- Waiting ---

  /// Waits, and returns what comes of it.
  template <class T>
  Result<T> await(const Pending<T>& pending) {
    return detail::decode<T>(await_bytes(pending), "the result");
  }
  /// Nothing if it takes longer: `true` and `false` for what has no value. Whatever it was goes on.
  template <class T>
  Result<detail::InTime<T>> await(const Pending<T>& pending, Duration timeout) {
    return race(std::vector<Pending<T>>{pending}, timeout);
  }

  /// Waits for the first of these and returns its position.
  Result<std::size_t> any(const std::vector<Awaitable>& of);
  /// The same, or nothing if all of them take longer.
  Result<std::optional<std::size_t>> select(std::vector<Awaitable> of, Duration timeout);
  /// Waits until all are there, whatever came of them.
  Result<void> all(const std::vector<Awaitable>& of);
  /// The same, or `false` if that takes longer.
  Result<bool> all(const std::vector<Awaitable>& of, Duration timeout);

  /// What comes of the first that is there, be it a failure.
  template <class T>
  Result<T> race(const std::vector<Pending<T>>& of) {
    RESTATE_TRY(const std::size_t first, any({of.begin(), of.end()}));
    return await(of[first]);
  }
  /// The same, or nothing if all of them take longer.
  template <class T>
  Result<detail::InTime<T>> race(const std::vector<Pending<T>>& of, Duration timeout) {
    RESTATE_TRY(const auto first, select({of.begin(), of.end()}, timeout));
    return value_in_time(of, first);
  }
  /// The first that succeeds. If none does: the failure of the first in the list.
  template <class T>
  Result<T> first_succeeded(const std::vector<Pending<T>>& of) {
    RESTATE_TRY(const auto first, find_success({of.begin(), of.end()}, {}));
    return await(of[*first]);
  }
  /// The same, or nothing if that takes longer.
  template <class T>
  Result<detail::InTime<T>> first_succeeded(const std::vector<Pending<T>>& of, Duration timeout) {
    RESTATE_TRY(const auto first, find_success({of.begin(), of.end()}, timeout));
    return value_in_time(of, first);
  }
  /// All of them, in their order, or the first failure.
  template <class T>
  Result<std::vector<T>> all_succeeded(const std::vector<Pending<T>>& of) {
    RESTATE_TRY_VOID(await_successes({of.begin(), of.end()}, {}));
    return values_of(of);
  }
  /// The same for what has no values.
  Result<void> all_succeeded(const std::vector<Pending<void>>& of) {
    RESTATE_TRY_VOID(await_successes({of.begin(), of.end()}, {}));
    return {};
  }
  /// The same, or nothing if that takes longer.
  template <class T>
  Result<std::optional<std::vector<T>>> all_succeeded(const std::vector<Pending<T>>& of,
                                                      Duration timeout) {
    RESTATE_TRY(const bool in_time, await_successes({of.begin(), of.end()}, timeout));
    if (!in_time) return std::optional<std::vector<T>>();
    RESTATE_TRY(std::vector<T> values, values_of(of));
    return std::optional(std::move(values));
  }
  /// The same for what has no values: `false` if that takes longer.
  Result<bool> all_succeeded(const std::vector<Pending<void>>& of, Duration timeout) {
    return await_successes({of.begin(), of.end()}, timeout);
  }

 private:
  using EncodedStep = std::function<Result<Bytes>()>;
  struct NewAwakeable {
    std::string id;
    Awaitable result;
  };
  template <class T>
  static Result<Pending<T>> as_pending(const Result<Awaitable>& awaitable) {
    if (!awaitable) return awaitable.error();
    return Pending<T>{*awaitable};
  }
  template <class T>
  Result<detail::InTime<T>> value_in_time(const std::vector<Pending<T>>& of,
                                          const std::optional<std::size_t>& which) {
    if (!which) return detail::InTime<T>();
    if constexpr (std::is_void_v<T>) {
      RESTATE_TRY_VOID(await(of[*which]));
      return true;
    } else {
      RESTATE_TRY(T value, await(of[*which]));
      return std::optional<T>(std::move(value));
    }
  }
  template <class T>
  Result<std::vector<T>> values_of(const std::vector<Pending<T>>& of) {
    std::vector<T> values;
    values.reserve(of.size());
    for (const Pending<T>& one : of) {
      RESTATE_TRY(T value, await(one));
      values.push_back(std::move(value));
    }
    return values;
  }

  Result<Bytes> run_bytes(std::string_view name, const EncodedStep& step, const RunOptions& options);
  Result<Awaitable> start_run_bytes(std::string_view name, const EncodedStep& step,
                                    const RunOptions& options);
  Result<void> take_step(const Awaitable& run, std::string_view name, const EncodedStep& step,
                         const RunOptions& options);
  Result<Awaitable> start_call_bytes(std::string_view service, std::string_view handler,
                                     Bytes argument, CallOptions options);
  Result<Awaitable> start_send_bytes(std::string_view service, std::string_view handler,
                                     Bytes argument, SendOptions options);
  Result<Awaitable> start_attach_bytes(const InvocationId& invocation);
  Result<std::optional<Bytes>> output_bytes(const InvocationId& invocation);
  Result<std::optional<Bytes>> get_bytes(std::string_view key);
  Result<void> set_bytes(std::string_view key, Bytes value);
  Result<Awaitable> start_promise_bytes(std::string_view name);
  Result<std::optional<Bytes>> peek_promise_bytes(std::string_view name);
  Result<void> resolve_promise_bytes(std::string_view name, Bytes value);
  Result<NewAwakeable> make_awakeable();
  Result<void> resolve_awakeable_bytes(std::string_view id, Bytes value);
  Result<Awaitable> signal_bytes(std::string_view name);
  Result<void> send_signal_bytes(const InvocationId& invocation, std::string_view name, Bytes value);
  Result<Bytes> await_bytes(const Awaitable& pending);
  Result<bool> wait_within(native::Await& await, const std::optional<Duration>& timeout);
  Result<std::optional<std::size_t>> find_success(const std::vector<Awaitable>& of,
                                                  std::optional<Duration> timeout);
  Result<bool> await_successes(const std::vector<Awaitable>& of, std::optional<Duration> timeout);

  native::HandlerSession& session_;
};

}  // namespace restate
