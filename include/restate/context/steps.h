#pragma once

/// \file
/// The part of `Context` that touches the world, or may come out differently the next time: steps
/// outside of the journal, and time.

#include <restate/context/waiting.h>
#include <restate/run_options.h>

#include <functional>
#include <string_view>

#pragma GCC visibility push(default)

namespace restate {

/// Steps outside of the journal, and time.
class ContextSteps : public ContextWaiting {
 public:
  /// Runs `step` once it is known that no earlier attempt has finished it; its result goes to the
  /// journal. It may take nothing of this context, but for `attempt_is_over`. A `kTerminal` error
  /// becomes the result; any other error, or an exception, is tried again, as `options` say;
  /// `paused` and `retry_in` say it for once. Returns what `step` does, as a `Result`.
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
    return detail::as_pending<detail::OutcomeOfCall<Step>>(start_run_bytes(name, encoded, options));
  }

  /// For steps that take long, and the one thing that they may take of the context: whether nobody
  /// waits for this attempt any more. The invocation was killed, say, or the engine goes away. What
  /// the step comes to is dropped then, so it may stop. True once, true for ever.
  bool attempt_is_over() const;

  /// Waits. The time counts from the first attempt, whether anything runs or not. Journals show
  /// `name`.
  Result<void> sleep(Duration how_long, std::string_view name = {});
  /// The same, but goes on: something to wait for beside others.
  Result<Pending<void>> timer(Duration how_long, std::string_view name = {});
  /// The time of the first attempt to ask. A step by itself.
  Result<WallTime> now();

 protected:
  using ContextWaiting::ContextWaiting;
  ~ContextSteps() = default;

 private:
  using EncodedStep = std::function<Result<Bytes>()>;

  Result<Bytes> run_bytes(std::string_view name, const EncodedStep& step,
                          const RunOptions& options);
  Result<Awaitable> start_run_bytes(std::string_view name, const EncodedStep& step,
                                    const RunOptions& options);
  Result<void> take_step(const Awaitable& run, std::string_view name, const EncodedStep& step,
                         const RunOptions& options);
};

}  // namespace restate

#pragma GCC visibility pop
