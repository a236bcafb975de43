#pragma once

/// \file
/// What a durable function sees of the world. Every step it takes through its context is written to
/// a journal before it counts; when the function is called again, after a crash or a long wait, the
/// steps are found there and are not taken twice.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/result.h>
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
}

/// Something to wait for. Belongs to the context that gave it.
struct Awaitable {
  std::uint32_t index = UINT32_MAX;
};

/// The same, with what comes out of it: see `Context::await`.
template <class T>
struct Pending : Awaitable {};

/// A result that something outside completes: see `Context::awakeable`.
struct Awakeable {
  std::string id;
  Pending<Bytes> result;
};

struct CallOptions {
  std::string key = {};  ///< of objects and workflows
  std::optional<std::string> idempotency_key = {};
  std::vector<wire::Header> headers = {};
  std::optional<std::string> scope = {}, limit_key = {};  ///< protocol 7
  std::string name = {};                                  ///< shown in the journal
};

struct SendOptions : CallOptions {
  Duration delay{};  ///< not before
};

/// How a step that fails is tried again; what is left open, the invocation's retry policy decides.
struct RunOptions {
  std::optional<std::uint32_t> max_attempts = {};   ///< then the step fails for good
  std::optional<Duration> max_duration = {};        ///< as does one that failed for this long
  std::optional<Duration> initial_interval = {};
  double factor = 2.0;
  Duration max_interval = std::chrono::seconds(10);
};

/// Only on the thread and for the call it was given to. After an error `kSuspended` every step
/// answers with it, and the function must return it: it is called again when there is something new.
/// The destructors that run then say nothing about the invocation, so compensation belongs in code,
/// never in a destructor. `kTerminal` is the failure of a callee, of a step, or a cancellation
/// (status 409); a function may handle it and go on.
class Context {
 public:
  explicit Context(native::HandlerSession& session) : session_(session) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const InvocationId& id() const;
  /// Of the object or workflow; empty for services.
  const std::string& key() const;
  const std::vector<wire::Header>& headers() const;
  /// Random numbers that are the same in every attempt.
  std::uint64_t random();
  Uuid random_uuid();
  /// The time of the first attempt to ask.
  Result<WallTime> now();

  // --- Steps outside of the journal ---

  /// Runs `step` once it is known that no earlier attempt has finished it; its result goes to the
  /// journal. It may take nothing of this context. A `kTerminal` error becomes the result; any
  /// other error, or an exception, is tried again. Returns what `step` does: nothing, `Bytes`, or a
  /// `Result` of these.
  template <class Step>
  auto run(std::string_view name, Step step, RunOptions options = {}) {
    using Returned = std::remove_cvref_t<std::invoke_result_t<Step&>>;
    constexpr bool kNothing = std::is_void_v<Returned> || std::is_same_v<Returned, Result<void>>;
    Result<Bytes> result = run_bytes(
        name,
        [&]() -> Result<Bytes> {
          if constexpr (std::is_void_v<Returned>) {
            step();
            return Bytes();
          } else if constexpr (std::is_same_v<Returned, Result<void>>) {
            if (auto done = step(); !done) return std::move(done).error();
            return Bytes();
          } else if constexpr (std::is_same_v<Returned, Result<std::string>>) {
            auto text = step();
            if (!text) return std::move(text).error();
            return Bytes(std::move(text).value());
          } else {
            return step();
          }
        },
        options);
    if constexpr (kNothing) {
      return result ? Result<void>() : Result<void>(std::move(result).error());
    } else {
      return result;
    }
  }

  // --- Time ---

  Result<void> sleep(Duration how_long, std::string_view name = {});
  Result<Pending<void>> timer(Duration how_long, std::string_view name = {});

  // --- Other services ---

  /// Calls a handler and waits for its result.
  Result<Bytes> call(std::string_view service, std::string_view handler, Bytes argument,
                     CallOptions options = {});
  /// Calls a handler and goes on.
  Result<Pending<Bytes>> start_call(std::string_view service, std::string_view handler,
                                    Bytes argument, CallOptions options = {});
  /// Has a handler run, now or later, and does not care for its result.
  Result<InvocationId> send(std::string_view service, std::string_view handler, Bytes argument,
                            SendOptions options = {});
  /// The result of an invocation that somebody else started.
  Result<Bytes> attach(const InvocationId& invocation);
  /// The same if it is there, and nothing otherwise.
  Result<std::optional<Bytes>> output(const InvocationId& invocation);
  Result<void> cancel(const InvocationId& invocation);

  // --- The state of this object or workflow ---

  Result<std::optional<Bytes>> get(std::string_view key);
  Result<void> set(std::string_view key, Bytes value);
  Result<void> clear(std::string_view key);
  Result<void> clear_all();
  /// Sorted.
  Result<std::vector<std::string>> keys();

  // --- Promises of this workflow, awakeables, signals ---

  Result<Bytes> promise(std::string_view name);
  Result<Pending<Bytes>> start_promise(std::string_view name);
  Result<std::optional<Bytes>> peek_promise(std::string_view name);
  /// `kTerminal` with status 409: it is completed already.
  Result<void> resolve_promise(std::string_view name, Bytes value);
  Result<void> reject_promise(std::string_view name, std::string reason);

  /// A result to be given from outside, under an id that can travel anywhere.
  Result<Awakeable> awakeable();
  Result<void> resolve_awakeable(std::string_view id, Bytes value);
  Result<void> reject_awakeable(std::string_view id, std::string reason);

  /// The next signal of this name.
  Result<Pending<Bytes>> signal(std::string_view name);
  Result<void> send_signal(const InvocationId& invocation, std::string_view name, Bytes value);

  // --- Waiting ---

  template <class T>
  Result<T> await(Pending<T> pending) {
    if constexpr (std::is_void_v<T>) {
      Result<Bytes> result = await_bytes(pending);
      return result ? Result<void>() : Result<void>(std::move(result).error());
    } else {
      return await_bytes(pending);
    }
  }
  /// Waits for the first of these and returns its position.
  Result<std::size_t> any(const std::vector<Awaitable>& of);
  /// Waits until all are there, whatever came of them.
  Result<void> all(const std::vector<Awaitable>& of);

 private:
  Result<Bytes> run_bytes(std::string_view name, const std::function<Result<Bytes>()>& step,
                          const RunOptions& options);
  Result<Bytes> await_bytes(Awaitable pending);

  native::HandlerSession& session_;
};

}  // namespace restate
