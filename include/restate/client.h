#pragma once

/// \file
/// Calling durable functions from the program that holds the engine.

#include <restate/bytes.h>
#include <restate/function.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/time.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// What a call or send may say beside its argument.
struct RequestOptions {
  /// The key of an object or workflow, in UTF-8.
  std::string key = {};
  /// The same key runs once and gives the same answer again while its result is retained. UTF-8.
  std::optional<std::string> idempotency_key = {};
  /// Sends only: not before this much time has passed; a call with one is `kInvalidArgument`. A
  /// negative one is none.
  std::optional<milliseconds> delay = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< that the handler sees
};

/// An answer that is on its way. Copies share it; the engine answers every one of them before it is
/// gone, if need be with `kShutdown`.
template <class T>
class Reply {
 public:
  /// State shared with the engine; made by it.
  class State {
   public:
    virtual ~State() = default;
    /// Blocks until the answer is there.
    virtual Result<T> wait() = 0;
    /// Calls `callback` once with the answer: now if it is there, else later on a thread of the
    /// engine, which it must not block. It must not throw.
    virtual void then(Function<void(const Result<T>&)> callback) = 0;
  };

  /// By the engine only.
  explicit Reply(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// Blocks the calling thread. Not for threads of the engine: the answer could not come there. Not for
  /// handlers either: each that waits so has a thread that the one it waits for may need
  /// (`EngineOptions::handler_threads`); they call by their `Context`.
  ///
  /// - `kTerminal`: the handler failed for good; the message is its own.
  /// - `kNotFound`: no such service, handler or invocation. `kInvalidArgument`: what was sent cannot be run.
  /// - `kUnavailable`, `kShutdown`: the outcome is unknown. With an idempotency key, call again.
  /// - `kOverloaded`, `kNotLeader`: nothing happened, and tries for half a minute have not changed that.
  /// - `kFailedPrecondition`: called in a callback of `then`, and the answer is not there yet. What else it
  ///   means, requests that have it say themselves.
  /// - `kCorrupt`, `kFailed`: the disk, where it is read.
  Result<T> get() const { return state_->wait(); }
  /// Calls back instead of blocking: see `State::then`.
  void then(Function<void(const Result<T>&)> callback) const { state_->then(std::move(callback)); }

 private:
  std::shared_ptr<State> state_;
};

namespace detail {

/// An answer that is read as a T once it is there.
template <class T>
class DecodedState final : public Reply<T>::State {
 public:
  explicit DecodedState(Reply<Bytes> bytes) : bytes_(std::move(bytes)) {}

  Result<T> wait() override { return decode<T>(bytes_.get(), "the result"); }
  void then(Function<void(const Result<T>&)> callback) override {
    bytes_.then([callback = std::move(callback)](const Result<Bytes>& bytes) mutable {
      callback(decode<T>(bytes, "the result"));
    });
  }

 private:
  const Reply<Bytes> bytes_;
};

/// An answer that was there before anybody was asked.
template <class T>
class AnsweredState final : public Reply<T>::State {
 public:
  explicit AnsweredState(Result<T> value) : value_(std::move(value)) {}

  Result<T> wait() override { return value_; }
  void then(Function<void(const Result<T>&)> callback) override { callback(value_); }

 private:
  const Result<T> value_;
};

template <class T>
Reply<T> decoded(Reply<Bytes> bytes) {
  if constexpr (std::is_same_v<T, Bytes>) {
    return bytes;
  } else {
    return Reply<T>(std::make_shared<DecodedState<T>>(std::move(bytes)));
  }
}
template <class T>
Reply<T> answered(Error error) {
  return Reply<T>(std::make_shared<AnsweredState<T>>(std::move(error)));
}

}  // namespace detail
}  // namespace restate

#pragma GCC visibility pop
