#pragma once

/// \file
/// A handler and its attempt, on a thread of the pool: runs the function, and blocks it while the
/// machine has nothing for it.

#include "common/visibility.h"
#include "native/await.h"
#include "native/handler_pool.h"
#include "native/vm.h"

#include <restate/context.h>
#include <restate/function.h>
#include <restate/log.h>
#include <restate/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
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

/// What an attempt is told beside its journal.
struct AttemptInfo {
  std::string_view service, handler;  ///< outlive the session
  std::vector<wire::Header> headers;  ///< of its own request
};

class RESTATE_HIDDEN HandlerSession {
 public:
  /// All of these outlive the session. `vm` is ready.
  HandlerSession(Vm& vm, Mailbox& mailbox, SessionOutput& output, AttemptInfo info = {});
  HandlerSession(const HandlerSession&) = delete;
  HandlerSession& operator=(const HandlerSession&) = delete;

  /// Calls the handler, tells the engine what came of it, and writes the last output.
  void run(const HandlerFunction& function);

  Vm& vm() { return vm_; }
  const AttemptInfo& info() const { return info_; }
  WallTime wall_now() { return output_.wall_now(); }
  Logger& log() { return output_.log(); }
  std::uint64_t next_random();

  /// Blocks until `await` is over. A cancellation goes on to the children and then ends the wait
  /// with a `kTerminal` of status 409.
  Result<void> wait(OpenAwait& await);
  /// The same, and says whether what was awaited is there, be the time up or not.
  Result<bool> wait(const Await& await);
  Result<void> wait(Handle handle);
  /// The same, and then its result as a payload; failures become `kTerminal`.
  Result<Bytes> wait_for_bytes(Handle handle);
  /// Nothing if the result is void.
  Result<std::optional<Bytes>> wait_for_optional(Handle handle);
  /// The id of an invocation that a step began.
  Result<InvocationId> wait_for_id(Handle handle);
  /// `kInvalidArgument` for what no step of this attempt gave, for nothing where something has to be, and for
  /// groups in groups in groups, a hundred deep.
  Result<Await> await_of(restate::detail::GroupRule rule, const std::vector<Awaitable>& of,
                         std::uint32_t depth = 0) const;
  Result<void> check(Handle handle) const;
  /// Passes a cancellation on to the children and returns it as an error.
  Error cancelled();
  /// Nobody waits for what this attempt says.
  bool is_over() { return vm_.closed() || mailbox_.abandoned(); }
  /// Sends what is written so far: the handler will be busy elsewhere for a while.
  void flush();

 private:
  Result<void> wait_uninterrupted(Handle handle);
  Result<void> pass_on_cancellation();
  /// As that of the machine. The pool hears of it if an evicted handler goes on.
  Progress progress(OpenAwait& await, bool interruptible = true);
  void block(OpenAwait& await);

  Vm& vm_;
  Mailbox& mailbox_;
  SessionOutput& output_;
  const AttemptInfo info_;
  std::uint64_t random_state_;
};

/// How a `kTerminal` error of the user stands in a journal: as text, for no engine takes anything else. What
/// is not UTF-8 becomes U+FFFD.
wire::Failure failure_of(const Error& error);

}  // namespace restate::native
