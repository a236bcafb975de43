#pragma once

/// \file
/// The SDK's side of the service protocol for one attempt: frames in, frames out, and in between the
/// steps of a handler, which are found in the journal or become new commands. A machine: it waits for
/// nothing, and says when the handler has to.

#include "native/await.h"
#include "native/eager_state.h"
#include "protocol/control.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "wire/entry.h"

#include <restate/bytes.h>
#include <restate/error.h>
#include <restate/result.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace restate::native {

enum class Progress : std::uint8_t {
  kReady,      ///< what was awaited is there
  kCancelled,  ///< somebody cancelled the invocation; reported once per cancellation
  kWaiting,    ///< flush the output, feed what comes, ask again
  kClosed,     ///< the attempt is over: suspended, failed or ended
};

/// One attempt. Errors of its steps are all `kSuspended`: the attempt is over, and whatever the
/// handler does now has no effect. What was said to the engine is in the output.
class Vm {
 public:
  explicit Vm(std::uint16_t protocol);
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  // --- What comes from the engine ---

  void feed(Bytes chunk);
  /// The engine sends no more: what is not there yet will not come in this attempt.
  void close_input();
  /// As if the input had been closed: the thread is needed elsewhere.
  void evict() { evicted_ = true; }
  /// The handler had what it waits for, and goes on. True: it was evicted until now.
  bool take_back_eviction() { return std::exchange(evicted_, false); }
  /// The engine is gone; nothing that is said reaches it any more.
  void abandon();

  /// The journal has arrived: the handler may run.
  bool ready() const { return ready_; }
  /// Suspended, failed, ended or abandoned.
  bool closed() const { return closed_; }
  /// This attempt has done as much as it replayed, or that was next to nothing. If every attempt does, all
  /// replays together cost no more than the steps themselves.
  bool has_earned_its_replay() const {
    return 2 * new_commands_ + kNextToNothing >= start_.known_entries;
  }
  /// Moves out what was written since the last call.
  ByteChain take_output();
  std::size_t output_bytes() const { return output_bytes_; }

  // --- What the handler is told, once `ready` ---

  const protocol::StartMessage& start() const { return start_; }
  const wire::InputEntry& input() const { return input_; }
  std::uint16_t protocol() const { return protocol_; }

  // --- Steps ---

  Result<Handle> sleep(WallTime wake_up, std::string_view name);
  struct CallHandles {
    Handle invocation_id, result;
  };
  Result<CallHandles> call(wire::CallRequest request, std::string_view name);
  Result<Handle> one_way_call(wire::CallRequest request, WallTime invoke_time, std::string_view name);

  Result<Handle> get_state(Bytes key);
  Result<Handle> get_state_keys();
  Result<void> set_state(Bytes key, Bytes value);
  Result<void> clear_state(Bytes key);
  Result<void> clear_all_state();

  Result<Handle> get_promise(std::string key);
  Result<Handle> peek_promise(std::string key);
  Result<Handle> complete_promise(std::string key, wire::InvocationResult value);

  struct Awakeable {
    std::string id;
    Handle result;
  };
  Result<Awakeable> awakeable();
  Result<void> complete_awakeable(std::string id, wire::InvocationResult result);
  /// Signals of one name go to the handles of that name in the order of both.
  Result<Handle> signal(std::string name);
  Result<void> send_signal(const InvocationId& target,
                           std::variant<wire::SignalIndex, wire::SignalName> signal,
                           std::variant<wire::Void, Bytes, wire::Failure> result);
  Result<Handle> attach(wire::InvocationRef target);
  Result<Handle> get_output(wire::InvocationRef target);

  /// Announces a step that runs outside of the journal. If its result is not there (`progress` says
  /// so), the handler runs it and proposes what came of it.
  Result<Handle> run(std::string_view name);
  /// Its result is in the journal, whether or not somebody has looked at it.
  bool run_is_finished(Handle run) const;
  Result<void> propose_run(Handle run, wire::InvocationResult result);
  /// How often this run was tried before this attempt, and for how long.
  struct RunHistory {
    std::uint32_t retries = 0;
    std::uint64_t elapsed_ms = 0;
  };
  RunHistory run_history() const;
  /// The run failed and is to be tried again in another attempt.
  void fail_run(Handle run, std::string_view name, const wire::Failure& failure,
                const RetryWish& retry);

  // --- Waiting ---

  bool knows(Handle handle) const { return handle.index < handles_.size(); }
  bool done(Handle handle) const { return handles_[handle.index].result.has_value(); }
  /// Looks at what has arrived, in the order of the journal, until the wait is over or there is no
  /// more. `interruptible`: a cancellation ends the wait, too.
  Progress look(OpenAwait& await, bool interruptible = true);
  /// The same, and suspends when nothing can come any more that would end the wait.
  Progress progress(OpenAwait& await, bool interruptible = true);
  /// While it is not, no wait is interruptible, and a cancellation is kept for the first one that is.
  void set_cancellable(bool cancellable) { cancellable_ = cancellable; }
  bool cancellable() const { return cancellable_; }
  /// Tells the engine what the handler is about to wait for, for people to look at (protocol 7). What
  /// is only on its way into the log is no wait worth a message.
  void announce(OpenAwait& await);
  /// Done, and it came to nothing good.
  bool failed(Handle handle) const {
    return done(handle) && std::holds_alternative<wire::Failure>(result(handle));
  }
  /// By which its result comes.
  const wire::NotificationId& id_of(Handle handle) const { return handles_[handle.index].id; }
  /// Steps are still found in the journal.
  bool replaying() const { return !recorded_.empty(); }
  /// The result of a handle that is done.
  const wire::NotificationResult& result(Handle handle) const { return *handles_[handle.index].result; }
  /// Children called and not yet answered, oldest first: a cancellation is for them as well.
  std::vector<Handle> open_children() const;
  /// The id of what was called or sent, by what that step gave; nothing if it was another step.
  std::optional<Handle> invocation_id_of(Handle call) const;

  // --- The end ---

  /// The result of the invocation, and the end of the attempt.
  void end(const wire::InvocationResult& result);
  /// The attempt failed; the engine decides about another, and heeds what is wished for it. What is not
  /// UTF-8 in the error becomes U+FFFD.
  void fail(protocol::ErrorMessage error, const RetryWish& retry = {});

 private:
  static constexpr std::uint32_t kNextToNothing = 32;  ///< entries
  struct Slot {
    wire::NotificationId id;
    std::optional<wire::NotificationResult> result;
  };

  void on_frame(protocol::Frame frame);
  void on_journal_frame(protocol::Frame frame);
  void on_live_frame(const protocol::Frame& frame);
  void on_notification(wire::EntryType type, const Bytes& body);
  void become_ready();
  void violation(std::string message);
  void mismatch(wire::EntryType type, std::string_view name, const std::string& detail);

  /// The next command: compared with the recorded one, or written.
  Result<void> step(wire::EntryType type, const wire::EntryContent& content, std::string_view name = {});
  std::optional<std::string> compare(const protocol::Frame& recorded, wire::EntryType type,
                                     const wire::EntryContent& content, std::string_view name) const;
  void emit(std::uint16_t type, Bytes payload, bool ack = false);

  wire::CompletionId next_completion() { return {next_completion_++}; }
  Handle handle_for(wire::NotificationId id);
  Handle ready_handle(wire::NotificationResult result);
  /// Gives one arrived notification to its handle, or keeps it for a handle to come.
  std::optional<Handle> deliver(wire::Notification notification);
  /// All that is missing is on its way into the log.
  bool waits_for_itself(const Await& await) const;
  void suspend(const OpenAwait& await);

  const std::uint16_t protocol_;
  protocol::FrameDecoder decoder_;
  ByteChain output_;
  std::size_t output_bytes_ = 0;

  bool started_ = false, ready_ = false, closed_ = false, input_closed_ = false, evicted_ = false;
  protocol::StartMessage start_;
  wire::InputEntry input_;
  std::uint32_t journal_left_ = 0;        ///< messages of the journal still to come
  std::deque<protocol::Frame> recorded_;  ///< commands that the handler has not come to yet

  std::uint32_t command_index_ = 0;  ///< of the last command; the input is 0
  std::uint32_t new_commands_ = 0;   ///< of this attempt
  std::uint32_t next_completion_ = 1;
  std::uint32_t next_signal_ = 17;
  /// Nothing new was said in this attempt, so the counters of Start are about the next run.
  bool first_step_ = true;
  EagerState state_;

  std::vector<Slot> handles_;
  std::deque<wire::Notification> arrived_;  ///< in the order of the journal
  std::map<wire::NotificationId, std::deque<std::uint32_t>> waiting_;  ///< handles without a result
  std::map<wire::NotificationId, std::deque<wire::NotificationResult>> early_;
  std::map<std::uint32_t, wire::InvocationResult> proposals_;  ///< protocol 7: acknowledged by id only
  std::map<std::uint32_t, std::uint32_t> run_commands_;  ///< handle of a run: its command index
  std::set<std::uint32_t> finished_runs_;  ///< by completion
  std::vector<CallHandles> children_;
  std::unordered_map<std::uint32_t, Handle> invocation_ids_;  ///< by what calls and sends gave
  std::optional<wire::AwaitTree> announced_;                  ///< last
  bool cancelled_ = false, cancellable_ = true;
};

/// What every step answers once the attempt is over.
Error suspended();

}  // namespace restate::native
