#pragma once

/// \file
/// Calling durable functions from the program that holds the engine.

#include <restate/bytes.h>
#include <restate/function.h>
#include <restate/result.h>
#include <restate/time.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restate {

/// What a call or send may say beside its argument.
struct RequestOptions {
  /// The key of an object or workflow.
  std::string key = {};
  /// The same key runs once and gives the same answer again while its result is retained.
  std::optional<std::string> idempotency_key = {};
  /// Sends only: not before this much time has passed.
  std::optional<milliseconds> delay = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
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
    virtual const Result<T>& wait() = 0;
    /// Calls `callback` once with the answer: now if it is there, else later on a thread of the
    /// engine, which it must not block.
    virtual void then(Function<void(const Result<T>&)> callback) = 0;
  };

  explicit Reply(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// Blocks the calling thread; not for threads of the engine.
  ///
  /// - `kTerminal`: the handler failed for good; the message is its own.
  /// - `kNotFound`: no such service or handler. `kInvalidArgument`: what was sent cannot be run.
  /// - `kUnavailable`, `kShutdown`: the outcome is unknown. With an idempotency key, call again.
  Result<T> get() const { return state_->wait(); }
  void then(Function<void(const Result<T>&)> callback) const { state_->then(std::move(callback)); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace restate
