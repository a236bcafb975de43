#pragma once

/// \file
/// Where handlers run: threads, because a handler is an ordinary function that may block. What comes
/// from the engine meanwhile waits in the handler's mailbox.

#include <restate/bytes.h>
#include <restate/function.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace restate::native {

/// What a running handler is told.
struct HandlerEvent {
  enum class Kind : std::uint8_t {
    kData,      ///< more of the request
    kInputEnd,  ///< the request is complete
    kEvict,     ///< the thread is needed: suspend at the next wait
    kAbandon,   ///< nobody is interested any more
  };
  Kind kind = Kind::kData;
  Bytes data;
};

/// One per running handler. Written by any thread, read by the handler's.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Never blocks.
  virtual void put(HandlerEvent event) = 0;
  /// Blocks the handler's thread until there is something.
  virtual HandlerEvent take() = 0;
  virtual std::optional<HandlerEvent> try_take() = 0;
  /// Whether `kAbandon` was put, taken or not.
  virtual bool abandoned() = 0;
  /// Before a `take`, on the handler's thread: whether this attempt has done as much as it replayed. One
  /// that has not should keep its thread, if it waits for a short time only.
  virtual void set_earned(bool earned) { static_cast<void>(earned); }
  /// On the handler's thread, after `kEvict`: what it waits for had come all the same, and it keeps its
  /// thread until it waits again. Whoever needs a thread has to look for another one.
  virtual void stay() {}
};

using HandlerJob = Function<void(Mailbox&)>;

class HandlerPool {
 public:
  virtual ~HandlerPool() = default;
  /// Runs `job` on a thread as soon as there is one. Any thread may call this; `job` is destroyed
  /// without being run if the pool closes first.
  virtual std::shared_ptr<Mailbox> run(HandlerJob job) = 0;
};

}  // namespace restate::native
