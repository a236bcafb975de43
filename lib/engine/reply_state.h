#pragma once

/// \file
/// The two sides of `Reply`: an answer that one thread gives and others wait for.

#include <restate/client.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

namespace restate::engine {

template <class T>
class ReplyState final : public Reply<T>::State {
 public:
  Result<T> wait() override {
    std::unique_lock lock(mutex_);
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
    for (auto& callback : callbacks) callback(*answer_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Result<T>> answer_;  ///< never changes once it is there
  std::vector<Function<void(const Result<T>&)>> callbacks_;
};

}  // namespace restate::engine
