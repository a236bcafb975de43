#pragma once

/// \file
/// What a durable function sees of the world. Every step it takes through its context is written to
/// a journal before it counts; when the function is called again, after a crash or a long wait, the
/// steps are found there and are not taken twice.

#include <restate/bytes.h>
#include <restate/context/promises.h>
#include <restate/ids.h>
#include <restate/log.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/service.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// Only on the thread and for the call it was given to. Its parts have headers of their own:
///
/// - `ContextWaiting`, <restate/context/waiting.h>: `await`, `any`, `all`, `race`, ...
/// - `ContextSteps`, <restate/context/steps.h>: `run`, `sleep`, `timer`, `now`
/// - `ContextCalls`, <restate/context/calls.h>: `call`, `send`, `attach`, `cancel`, ...
/// - `ContextState`, <restate/context/state.h>: `get`, `set`, `clear`, `keys`
/// - `ContextPromises`, <restate/context/promises.h>: `promise`, `awakeable`, `signal`, ...
///
/// Values are of any type that has a `Serde`: `ctx.get<int>("count")`. Where no type is said, they are
/// `Bytes`. What cannot be read as its type is an error `kInvalidArgument`, which retries, because the
/// code is wrong and not the world.
///
/// After an error `kSuspended` every step answers with it, and the function must return it: it is
/// called again when there is something new. The destructors that run then say nothing about the
/// invocation, so compensation belongs in code, never in a destructor.
///
/// `kTerminal` is the failure of a callee or a step, or a cancellation (status 409, see
/// `is_cancellation`). A function may handle it and go on. A cancellation ends the wait it meets, or the
/// next one, once; it goes to the calls that are still open, and what the function does afterwards works
/// as before. Cancelled once more, it hears of that in the same way: see `set_cancellable`. A cancellation
/// may meet a step that was just run: then the step has happened, although `run` answers 409.
class Context : public ContextPromises {
 public:
  /// By the library only: a handler is given its context.
  explicit Context(native::HandlerSession& session) : ContextPromises(session) {}

  /// Of this invocation.
  const InvocationId& id() const;
  /// @{
  /// What is invoked, as it was called. Valid as long as the context.
  std::string_view service() const;
  std::string_view handler() const;
  /// @}
  /// Of the object or workflow; empty for services.
  const std::string& key() const;
  /// The argument as it came, whatever the function takes.
  const Bytes& body() const;
  /// Of the request, in the order in which they came.
  const std::vector<wire::Header>& headers() const;
  /// Of the HTTP request that carries this attempt: what a server or a proxy says to this process. Another
  /// attempt has others, so no step may depend on them. Empty inside of an engine.
  const std::vector<wire::Header>& attempt_headers() const;
  /// @{
  /// Of the request, if it had one and this attempt is told of it: by a server with flow control, in protocol
  /// 7. Always empty inside of an engine, which speaks protocol 6 with its own handlers.
  const std::optional<std::string>& idempotency_key() const;
  const std::optional<std::string>& scope() const;
  const std::optional<std::string>& limit_key() const;
  /// @}
  /// Whether cancellations end waits, as they do at first. While they do not, for what must not be
  /// interrupted, such as compensation, one that comes is kept for the first wait that it may end.
  void set_cancellable(bool cancellable);
  /// Random numbers that are the same in every attempt.
  std::uint64_t random();
  /// Also the same in every attempt: a good idempotency key for other systems.
  Uuid random_uuid();
  /// A line for the logger of the engine or endpoint, with the invocation's id. Silent while steps are
  /// found in the journal: a line comes again only if an attempt ends before the step behind it.
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
};

}  // namespace restate

#pragma GCC visibility pop
