#pragma once

/// \file
/// `Completion<T>`: the one answer to an asynchronous request.

#include <restate/function.h>
#include <restate/result.h>

#include <utility>

#pragma GCC visibility push(default)

namespace restate {

class Shard;

namespace detail {
/// What happens when a completion dies unanswered: a bug while the shard runs, `kShutdown`
/// afterwards, silence in a simulated crash.
enum class Unanswered : unsigned char { kBug, kShutdown, kAbandon };
Unanswered unanswered_policy(Shard& shard);
[[noreturn]] void completion_dropped();
}  // namespace detail

/// Called exactly once, on the shard it was made for, never inside the call that was asked.
/// Dropping one uncalled while its shard runs is a bug and aborts; during shutdown it completes
/// with `kShutdown`; in a simulated crash it vanishes, as in a real one.
template <class T>
class Completion {
 public:
  /// What it completes with, if it is not an error.
  using value_type = T;

  Completion() = default;
  /// Made for `shard`, on which `callback` will run.
  Completion(Shard& shard, Function<void(Result<T>)> callback)
      : shard_(&shard), callback_(std::move(callback)) {}

  /// The duty to answer moves along.
  Completion(Completion&& other) noexcept
      : shard_(std::exchange(other.shard_, nullptr)), callback_(std::move(other.callback_)) {}
  /// An answer that this one still owed is dropped first.
  Completion& operator=(Completion&& other) noexcept {
    if (this != &other) {
      drop();
      shard_ = std::exchange(other.shard_, nullptr);
      callback_ = std::move(other.callback_);
    }
    return *this;
  }
  ~Completion() { drop(); }

  /// True while an answer is owed.
  explicit operator bool() const { return static_cast<bool>(callback_); }
  /// The shard on which this must be called.
  Shard& shard() const { return *shard_; }

  /// Answers, now. Whoever implements an interface posts to the shard first, if the request came in
  /// on this very stack.
  void operator()(Result<T> result) {
    Function<void(Result<T>)> callback = std::move(callback_);
    callback_ = nullptr;
    callback(std::move(result));
  }

 private:
  void drop() {
    if (!callback_) return;
    switch (detail::unanswered_policy(*shard_)) {
      case detail::Unanswered::kBug:
        detail::completion_dropped();
      case detail::Unanswered::kShutdown:
        (*this)(Error{Code::kShutdown, "the engine is closing"});
        return;
      case detail::Unanswered::kAbandon:
        callback_ = nullptr;
        return;
    }
  }

  Shard* shard_ = nullptr;
  Function<void(Result<T>)> callback_;
};

}  // namespace restate

#pragma GCC visibility pop
