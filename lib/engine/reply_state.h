#pragma once

/// \file
/// The two sides of `Reply`: an answer that one thread gives and others wait for.

#include <restate/client.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace restate::engine {

/// The engine whose thread this is, inside of a callback of `then`: whoever waits here for an answer of
/// it waits for the thread that would give it.
inline thread_local const void* calling_back = nullptr;

template <class T>
class ReplyState final : public Reply<T>::State {
 public:
  /// Answered on a thread of `engine`, whatever that is; null: at once.
  explicit ReplyState(const void* engine) : engine_(engine) {}

  Result<T> wait() override {
    std::unique_lock lock(mutex_);
    if (!answer_ && engine_ != nullptr && engine_ == calling_back) {
      return Error{Code::kFailedPrecondition,
                   "waiting for an answer on a thread of the engine, which has to give it"};
    }
    answered_.wait(lock, [this] { return answer_.has_value(); });
    return *answer_;
  }

  void then(Function<void(const Result<T>&)> callback) override {
    {
      const std::lock_guard lock(mutex_);
      if (!answer_) {
        callbacks_.push_back(std::move(callback));
        return;
      }
    }
    callback(*answer_);
  }

  void answer(Result<T> result) {
    std::vector<Function<void(const Result<T>&)>> callbacks;
    {
      const std::lock_guard lock(mutex_);
      answer_.emplace(std::move(result));
      callbacks.swap(callbacks_);
    }
    answered_.notify_all();
    const void* const outer = std::exchange(calling_back, engine_);
    for (auto& callback : callbacks) callback(*answer_);
    calling_back = outer;
  }

 private:
  const void* const engine_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Result<T>> answer_;  ///< never changes once it is there
  std::vector<Function<void(const Result<T>&)>> callbacks_;
};

}  // namespace restate::engine
