#pragma once

/// \file
/// One run of an application in a simulated world: what may go wrong in it, what must hold, and the
/// story of what happened. A trial follows from its seed and its faults alone; so does its story.

#include <restate/result.h>
#include <restate/testing/seed.h>
#include <restate/testing/world.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::testing {

class TrialState;

/// What may go wrong in a trial. Chances are per million; with all of them 0 nothing does.
struct Faults {
  /// For each thing that a handler says to the engine, and each thing that it hears: the process
  /// dies there, or the connection between the two breaks.
  std::uint32_t crash = 0;
  std::uint32_t most_crashes = 3;  ///< then no more
  /// For each call to the world outside: it never gets there; it works, but nobody hears of it; it
  /// takes its time, up to `slowest_call`, while everything else goes on.
  std::uint32_t lost_request = 0;
  /// See `lost_request`.
  std::uint32_t lost_reply = 0;
  /// See `lost_request`.
  std::uint32_t slow_call = 0;
  /// See `lost_request`.
  Duration slowest_call = std::chrono::seconds(2);
  /// For each thing that a handler says: the time of day jumps, by a minute at most, both ways.
  std::uint32_t clock_jump = 0;
  /// Handlers are asked to suspend as soon as they wait.
  bool impatient = false;
};

namespace detail {
template <class T>
struct Answer {
  using type = Result<T>;
};
template <class T>
struct Answer<Result<T>> {
  using type = Result<T>;
};
}  // namespace detail

/// The way from a step of a handler to the world outside. The model of a bank, say, asks it on the
/// way in and on the way out of each of its functions, or wraps them in `call`. Outside of handlers
/// nothing goes wrong.
class Outside {
 public:
  /// - `kUnavailable`: the request was lost; nothing has happened.
  Result<void> request(std::string_view what);
  /// - `kUnavailable`: the answer was lost; it has happened.
  Result<void> reply(std::string_view what);

  /// What `effect` returns, if request and answer get through.
  template <class Effect>
  auto call(std::string_view what, Effect effect) ->
      typename detail::Answer<std::invoke_result_t<Effect&>>::type {
    RESTATE_TRY_VOID(request(what));
    if constexpr (std::is_void_v<std::invoke_result_t<Effect&>>) {
      effect();
      return reply(what);
    } else {
      auto returned = effect();
      RESTATE_TRY_VOID(reply(what));
      return returned;
    }
  }

 private:
  friend class Trial;
  explicit Outside(TrialState& state) : state_(state) {}

  TrialState& state_;
};

/// Everything happens on one thread at a time: handlers have stacks of their own, but only one of
/// them runs, or the test.
class Trial {
 public:
  /// A world of its own.
  explicit Trial(Seed seed, Faults faults = {});
  /// By the explorer, which also says where the process dies.
  explicit Trial(std::unique_ptr<TrialState> state);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  World& world();      ///< that it runs in
  Outside& outside();  ///< for models of it
  /// For choices of the test itself: they follow from the seed.
  Random& random();
  Seed seed() const;  ///< that it was made with

  /// States what must hold; if it does not, the trial has failed because of `what`.
  bool check(bool holds, std::string_view what);
  /// Adds a line to the story.
  void note(std::string_view line);

  bool failed() const;  ///< something that must hold did not
  /// Why, in the order in which it was found.
  const std::vector<std::string>& problems() const;
  /// What happened, a line each: requests, attempts, entries of journals, crashes.
  std::string story() const;

  TrialState& state() { return *state_; }  ///< of the library's own

 private:
  std::unique_ptr<TrialState> state_;
  Outside outside_;
};

}  // namespace restate::testing

#pragma GCC visibility pop
