// Steps outside of the journal, and time, as a handler sees them.

#include "native/context/handles.h"
#include "native/run_policy.h"

#include <restate/context/steps.h>

#include <charconv>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace restate {
namespace {

/// What a step of the user came to.
Result<Bytes> call_step(const std::function<Result<Bytes>()>& step) {
  try {
    return step();
  } catch (const std::exception& exception) {
    return Error{Code::kInternal, exception.what()};
  } catch (...) {
    return Error{Code::kInternal, "it threw something that is no exception"};
  }
}

}  // namespace

Result<void> ContextSteps::take_step(const Awaitable& pending, std::string_view name,
                                     const EncodedStep& step, const RunOptions& options) {
  native::Vm& vm = session_.vm();
  const native::Handle run = native::handle_of(pending);
  const native::Vm::RunHistory history = vm.run_history();
  // The engine should know what we are at while we are at it.
  session_.flush();
  const WallTime begun = session_.wall_now();
  Result<Bytes> result = call_step(step);
  if (result) return vm.propose_run(run, std::move(*result));
  const Error& error = result.error();
  if (error.code == Code::kTerminal) return vm.propose_run(run, native::failure_of(error));
  const std::uint64_t elapsed_ms = history.elapsed_ms + session_.wall_now().ms_since(begun);
  const auto verdict = native::judge_run_failure(options, history.retries + 1, elapsed_ms);
  const wire::Failure failure = native::failure_of({Code::kTerminal, error.describe()});
  RetryWish retry = error.retry;
  if (verdict.give_up && !retry.pause) {
    if (!options.pause_when_exhausted) return vm.propose_run(run, failure);
    retry.pause = true;
  }
  if (!retry.delay_ms) retry.delay_ms = verdict.retry_delay_ms;
  vm.fail_run(run, name, failure, retry);
  return native::suspended();
}

Result<Bytes> ContextSteps::run_bytes(std::string_view name, const EncodedStep& step,
                                      const RunOptions& options) {
  native::Vm& vm = session_.vm();
  RESTATE_TRY(const native::Handle run, vm.run(name));
  // Only a look: even an attempt that is to suspend runs its step first, and suspends on the
  // result.
  const native::Await result{.handles = {run}};
  native::OpenAwait open(result, vm);
  switch (vm.look(open)) {
    case native::Progress::kReady:
      break;
    case native::Progress::kClosed:
      return native::suspended();
    case native::Progress::kCancelled:
      return session_.cancelled();
    case native::Progress::kWaiting:
      RESTATE_TRY_VOID(take_step(native::awaitable_of(run), name, step, options));
      break;
  }
  return session_.wait_for_bytes(run);
}

Result<Awaitable> ContextSteps::start_run_bytes(std::string_view name, const EncodedStep& step,
                                                const RunOptions& options) {
  native::Vm& vm = session_.vm();
  RESTATE_TRY(const native::Handle run, vm.run(name));
  // Not even a look: what arrived is for the next wait to see, in the order in which it came. The
  // first attempt did not see it here either.
  if (!vm.run_is_finished(run)) {
    RESTATE_TRY_VOID(take_step(native::awaitable_of(run), name, step, options));
  }
  return native::awaitable_of(run);
}

bool ContextSteps::attempt_is_over() const { return session_.is_over(); }

Result<Pending<void>> ContextSteps::timer(Duration how_long, std::string_view name) {
  RESTATE_TRY(const native::Handle handle, native::start_timer(session_, how_long, name));
  return Pending<void>{native::awaitable_of(handle)};
}

Result<void> ContextSteps::sleep(Duration how_long, std::string_view name) {
  RESTATE_TRY(const auto wake_up, timer(how_long, name));
  return await(wake_up);
}

Result<WallTime> ContextSteps::now() {
  RESTATE_TRY(const Bytes text, run_bytes("now",
                                          [this]() -> Result<Bytes> {
                                            return Bytes(std::to_string(session_.wall_now().ms));
                                          },
                                          {}));
  WallTime time;
  std::from_chars(text.data(), text.data() + text.size(), time.ms);
  return time;
}

}  // namespace restate
