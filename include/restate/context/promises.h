#pragma once

/// \file
/// The part of `Context` for results that others give: promises of a workflow, awakeables, and
/// signals.

#include <restate/context/state.h>
#include <restate/failure.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

/// Promises of this workflow, awakeables, signals. To reject is to complete with a failure: whoever
/// waits for it gets the same `kTerminal` error. Names and ids are text; what is not UTF-8 is refused with
/// `kInvalidArgument`.
class ContextPromises : public ContextState {
 public:
  /// Waits for a promise, and returns what it was completed with.
  template <class T = Bytes>
  Result<T> promise(std::string_view name) {
    RESTATE_TRY(const auto result, start_promise<T>(name));
    return await(result);
  }
  /// The same, but goes on.
  template <class T = Bytes>
  Result<Pending<T>> start_promise(std::string_view name) {
    return detail::as_pending<T>(start_promise_bytes(name));
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
    return Awakeable<T>{std::move(made.id), {std::move(made.result)}};
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

  /// The next signal of this name. A signal goes to the oldest of those that asked: after a
  /// timeout, wait for the same one again.
  template <class T = Bytes>
  Result<Pending<T>> signal(std::string_view name) {
    return detail::as_pending<T>(signal_bytes(name));
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

 protected:
  using ContextState::ContextState;
  ~ContextPromises() = default;

 private:
  struct NewAwakeable {
    std::string id;
    Awaitable result;
  };

  Result<Awaitable> start_promise_bytes(std::string_view name);
  Result<std::optional<Bytes>> peek_promise_bytes(std::string_view name);
  Result<void> resolve_promise_bytes(std::string_view name, Bytes value);
  Result<NewAwakeable> make_awakeable();
  Result<void> resolve_awakeable_bytes(std::string_view id, Bytes value);
  Result<Awaitable> signal_bytes(std::string_view name);
  Result<void> send_signal_bytes(const InvocationId& invocation, std::string_view name,
                                 Bytes value);
};

}  // namespace restate

#pragma GCC visibility pop
