#pragma once

/// \file
/// An engine in a simulated world that serves a user's own handlers: the real engine, with a disk, a
/// clock and crashes that are simulated.

#include <restate/bytes.h>
#include <restate/client.h>
#include <restate/contract.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/service.h>
#include <restate/testing/trial.h>
#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::testing {

/// How the application is run.
struct ApplicationOptions {
  std::uint16_t partitions = 1;  ///< of its engine
  /// How long a call may take in virtual time until that counts as a problem of the trial.
  Duration patience = std::chrono::hours(24);
  /// After this time of waiting a handler is asked to suspend; it is called again when there is
  /// something new.
  Duration inactivity_timeout = std::chrono::milliseconds(100);
};

/// A request under way: see `Application::start`.
struct Request {
  std::size_t index = 0;  ///< of the application's own books
};

/// Declare it after the model of the outside world that its handlers use: it must go first. Whoever
/// asks it for something waits as an outside client does: crashes of the application pass unnoticed.
class Application {
 public:
  /// Opens an engine in the world of `trial`, which outlives it, and serves `services`.
  Application(Trial& trial, std::vector<ServiceDefinition> services,
              ApplicationOptions options = {});
  /// Unwinds what still runs.
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// Calls a handler and runs the world until it has answered.
  ///
  /// - `kTerminal`: the handler failed for good.
  /// - `kNotFound`, `kInvalidArgument`: it cannot be called like that.
  /// - `kTimeout`: no answer within the options' patience, which is a problem of the trial.
  /// - `kInternal`: the trial has failed meanwhile.
  Result<Bytes> call(std::string_view service, std::string_view handler, Bytes argument,
                     RequestOptions options = {});
  /// The same with any types that have a `Serde`: `call<int>("Counter", "add", 5, {.key = "a"})`.
  template <class R = Bytes, class A = Bytes>
  Result<R> call(std::string_view service, std::string_view handler, A&& argument,
                 RequestOptions options = {}) {
    return wait<R>(start(service, handler, std::forward<A>(argument), std::move(options)));
  }

  /// The same to a handler that is declared (<restate/contract.h>): `call(Counter::add("a", 5))`. The key is
  /// the request's.
  template <class R>
  Result<R> call(TypedRequest<R> request, RequestOptions options = {}) {
    return wait<R>(start(std::move(request), std::move(options)));
  }

  /// The same in two halves, so that several requests are under way at once.
  Request start(std::string_view service, std::string_view handler, Bytes argument,
                RequestOptions options = {});
  /// The same with any type that has a `Serde`.
  template <class A = Bytes>
  Request start(std::string_view service, std::string_view handler, A&& argument,
                RequestOptions options = {}) {
    return begin(service, handler, restate::detail::encode(std::forward<A>(argument)),
                 std::move(options));
  }
  /// The same to a handler that is declared.
  template <class R>
  Request start(TypedRequest<R> request, RequestOptions options = {}) {
    options.key = std::move(request.key);
    return begin(request.service, request.handler, std::move(request.argument), std::move(options));
  }
  /// Runs the world until it has answered. Errors as `call`.
  Result<Bytes> wait(Request request);
  /// The same, read as an R. `kInvalidArgument`: the answer is there and is no R.
  template <class R>
  Result<R> wait(Request request) {
    return restate::detail::decode<R>(wait(request), "the result");
  }

  /// Cancels what a request began, and returns when the engine has taken that down. The handler hears
  /// of it in its next wait, and the answer is what it makes of it. Nothing, if it has answered.
  ///
  /// If the application crashes meanwhile it is asked again, and may hear of two cancellations.
  Result<void> cancel(Request request);

  /// Completes an awakeable, as a webhook would.
  Result<void> resolve_awakeable(std::string_view id, Bytes value);
  /// The same with any type that has a `Serde`.
  template <class T = Bytes>
  Result<void> resolve_awakeable(std::string_view id, T&& value) {
    RESTATE_TRY(Bytes bytes, restate::detail::encode(std::forward<T>(value)));
    return resolve_awakeable(id, std::move(bytes));
  }
  /// The same with a failure.
  Result<void> reject_awakeable(std::string_view id, std::string_view message);

  /// Runs the world until no handler has run for `quiet`, and so what was sent one way has ended.
  void settle(Duration quiet = std::chrono::seconds(10));
  /// The process dies, now. It is started again by itself, a moment later.
  void crash();

 private:
  /// An argument that could not be encoded is the answer.
  Request begin(std::string_view service, std::string_view handler, Result<Bytes> argument,
                RequestOptions options);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::testing

#pragma GCC visibility pop
