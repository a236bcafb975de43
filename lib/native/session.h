#pragma once

/// \file
/// A handler and its attempt, on a thread of the pool: runs the function, and blocks it while the
/// machine has nothing for it.

#include "native/handler_pool.h"
#include "native/vm.h"

#include <restate/context.h>
#include <restate/function.h>
#include <restate/log.h>
#include <restate/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace restate::native {

/// Where the attempt's output goes. Called on the handler's thread.
class SessionOutput {
 public:
  /// `last`: nothing follows.
  virtual void write(ByteChain chain, bool last) = 0;
  virtual WallTime wall_now() = 0;
  /// For what handlers log. May be called from every thread.
  virtual Logger& log() { return null_logger(); }

 protected:
  ~SessionOutput() = default;
};

class HandlerSession {
 public:
  /// All of these outlive the session. `vm` is ready.
  HandlerSession(Vm& vm, Mailbox& mailbox, SessionOutput& output);
  HandlerSession(const HandlerSession&) = delete;
  HandlerSession& operator=(const HandlerSession&) = delete;

  /// Calls the handler, tells the engine what came of it, and writes the last output.
  void run(const HandlerFunction& function);

  Vm& vm() { return vm_; }
  WallTime wall_now() { return output_.wall_now(); }
  Logger& log() { return output_.log(); }
  std::uint64_t next_random();

  /// Blocks until `await` is over. A cancellation goes on to the children and then ends the wait
  /// with a `kTerminal` of status 409.
  Result<void> wait(const Await& await);
  Result<void> wait(Handle handle) { return wait(Await{wire::Combinator::kFirstCompleted, {handle}}); }
  /// The same, and then its result as a payload; failures become `kTerminal`.
  Result<Bytes> wait_for_bytes(Handle handle);
  /// Nothing if the result is void.
  Result<std::optional<Bytes>> wait_for_optional(Handle handle);
  /// The id of an invocation that a step began.
  Result<InvocationId> wait_for_id(Handle handle);
  /// `kInvalidArgument` for what no step of this attempt gave.
  Result<Await> await_of(wire::Combinator combinator, const std::vector<Awaitable>& of) const;
  Result<void> check(Handle handle) const;
  /// Passes a cancellation on to the children and returns it as an error.
  Error cancelled();
  /// Sends what is written so far: the handler will be busy elsewhere for a while.
  void flush();

 private:
  Result<void> wait_uninterrupted(Handle handle);
  Result<void> pass_on_cancellation();
  void block(const Await& await);

  Vm& vm_;
  Mailbox& mailbox_;
  SessionOutput& output_;
  std::uint64_t random_state_;
};

/// How a `kTerminal` error of the user stands in a journal.
wire::Failure failure_of(const Error& error);

}  // namespace restate::native
