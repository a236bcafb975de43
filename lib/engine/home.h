#pragma once

/// \file
/// Where an engine runs: on threads of its own, or as a guest on a loop that the program has.

#include <restate/engine.h>
#include <restate/runtime.h>
#include <restate/uv/runtime.h>

#include <future>
#include <memory>
#include <optional>
#include <utility>

namespace restate::engine {

class Home {
 public:
  explicit Home(const EngineOptions& options);
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  Runtime& runtime();
  /// Shard 0, which everything goes through.
  Shard& shard() { return runtime().shard(0); }
  /// On a loop of the program: whoever calls is on its thread, and nothing may wait for an answer.
  bool is_guest() const { return guest_ != nullptr; }

  /// Runs `start` on shard 0 and waits until what it was given is called. A guest runs the loop for as
  /// long as that takes.
  template <class T>
  Result<T> wait(Function<void(Completion<T>)> start) {
    if (is_guest()) {
      std::optional<Result<T>> answer;
      start(Completion<T>(shard(), [&answer](Result<T> result) { answer.emplace(std::move(result)); }));
      while (!answer) guest_->run_loop_once();
      return *std::move(answer);
    }
    std::promise<Result<T>> promise;
    auto answer = promise.get_future();
    own_->run_on(0, [&] {
      start(Completion<T>(shard(), [promise = std::move(promise)](Result<T> result) mutable {
        promise.set_value(std::move(result));
      }));
    });
    return answer.get();
  }

  /// From now on completions that die unanswered complete with `kShutdown`.
  void begin_shutdown();
  /// Ends the threads, or leaves the loop. What lived on the shards is gone.
  void stop();

 private:
  std::unique_ptr<uv::Runtime> own_;
  std::unique_ptr<uv::Attached> guest_;
};

}  // namespace restate::engine
