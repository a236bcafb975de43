#pragma once

/// \file
/// An engine in a simulated world that serves a user's own handlers: the real engine, with a disk, a
/// clock and crashes that are simulated.

#include <restate/bytes.h>
#include <restate/client.h>
#include <restate/result.h>
#include <restate/service.h>
#include <restate/testing/trial.h>
#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  /// The same in two halves, so that several requests are under way at once.
  Request start(std::string_view service, std::string_view handler, Bytes argument,
                RequestOptions options = {});
  /// Runs the world until it has answered. Errors as `call`.
  Result<Bytes> wait(Request request);

  /// Completes an awakeable, as a webhook would.
  Result<void> resolve_awakeable(std::string_view id, Bytes value);
  /// The same with a failure.
  Result<void> reject_awakeable(std::string_view id, std::string_view message);

  /// Runs the world until no handler has run for `quiet`, and so what was sent one way has ended.
  void settle(Duration quiet = std::chrono::seconds(10));
  /// The process dies, now. It is started again by itself, a moment later.
  void crash();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::testing
