#pragma once

/// \file
/// One attempt: a conversation with an endpoint in the service protocol. Sends what the journal
/// holds, passes on what is added to it, takes the endpoint's commands, and finds out how it ended.

#include "invoker/host.h"
#include "invoker/machine/effects.h"
#include "invoker/machine/frame_batch.h"
#include "invoker/machine/residency.h"
#include "protocol/exchange.h"
#include "protocol/frame.h"
#include "schema/schema.h"

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/time.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace restate::invoker {

/// What an attempt begins with; all of it is one moment of the invocation.
struct AttemptPlan {
  InvocationId invocation;
  InvocationInput input;
  StateInput state;
  DeploymentId deployment;
  std::uint16_t protocol = 6;
  /// Request and response flow at the same time. False: the request ends after the replay.
  bool bidi = true;
  milliseconds inactivity_timeout{60'000};
  milliseconds abort_timeout{600'000};
  std::size_t message_size_limit = 0;  ///< slack included
  /// For one message, in either direction; slack included.
  std::size_t memory_limit = std::numeric_limits<std::size_t>::max();
  std::size_t max_future_depth = 1000;
  bool controlled_sharding = true;  ///< see `CommandContext`
  bool flow_control = false, scoped_virtual_objects = false;
  WallTime now;
  /// Fresh bits: the ids of callees come from here.
  std::uint64_t random_high = 0;
  std::uint64_t random_low = 0;
};

/// What a chunk of the response is judged by.
struct AttemptContext {
  const schema::Schema& schema;
  const schema::Defaults& defaults;
  WallTime now;
};

class Attempt {
 public:
  /// `residency` outlives the attempt and hears of all it sends to the log.
  Attempt(AttemptPlan plan, Residency& residency);

  const DeploymentId& deployment() const { return plan_.deployment; }
  /// The endpoint's `x-restate-server`.
  const std::optional<std::string>& server() const { return server_; }
  const std::optional<wire::AwaitTree>& awaiting_on() const { return awaiting_on_; }

  /// Sends the Start message and, if they are at hand, the first entries of the journal.
  void start(std::vector<wire::JournalEntry> journal, Effects& out);
  /// The index of the entry to be written next: of the replay, or of a notification that came when
  /// there was no room for it. Nothing when all is written.
  std::optional<std::uint32_t> replay_next() const;
  /// Behind the last one that follows `replay_next()` without a gap.
  std::uint32_t replay_end() const;
  /// Writes the entries from `replay_next()` on as they are read.
  class Replay final : public JournalReader {
   public:
    /// Both outlive this.
    Replay(Attempt& attempt, Effects& out) : attempt_(attempt), out_(out) {}
    bool entry(wire::EntryType type, std::string_view body) override;
    /// That was all, for this time; none at all means that the journal is damaged.
    void finish();

   private:
    Attempt& attempt_;
    Effects& out_;
    FrameBatch batch_;
    std::size_t entries_ = 0;
  };
  /// Bytes of a message that has begun to arrive, those still missing included.
  std::size_t receiving() const { return over_ ? 0 : decoder_.expected(); }
  /// The driver cannot hold what the attempt needs: the node has no memory left, or (`alone`) a
  /// single message of `bytes` is more than one attempt may have.
  void on_memory_shortage(std::size_t bytes, bool alone, Effects& out);
  /// The journal could not be read.
  void on_journal_error(const Error& error, Effects& out);

  void on_head(const protocol::ResponseHeadView& head, WallTime now, Effects& out);
  void on_data(Bytes data, const AttemptContext& context, Effects& out);
  void on_end(Effects& out);
  /// `refused`: the endpoint has not looked at the request. `code`: under which users find it.
  void on_transport_error(const Error& error, std::optional<Duration> retry_after, Effects& out,
                          bool refused = false, DocCode code = DocCode::kNetwork);

  /// `room`: the stream takes more now. Otherwise the entry is read again when it does: bodies do
  /// not pile up before an endpoint that reads slowly.
  void on_notification(std::uint32_t index, wire::EntryType type, const wire::NotificationId& id,
                       const Bytes& body, Effects& out, bool room = true);
  void on_command_stored(std::uint32_t command_index, bool requested, Effects& out);
  void on_timeout(SetTimeout::Kind kind, Effects& out);
  void on_pause(Effects& out);

  /// What the endpoint sent behind its last word, as far as it came in one piece with it.
  std::size_t unread_bytes() const { return decoder_.buffered(); }

 private:
  /// A notification that is in the journal and not written yet.
  struct Late {
    std::uint32_t index = 0;
    std::optional<wire::CompletionId> ack;  ///< the SDK is content with an ack
  };
  /// False: that was not the next entry of the replay, or the attempt is over.
  template <class Body>
  bool write_entry(wire::EntryType type, const Body& body, FrameBatch& batch, Effects& out);
  template <class Body>
  void write_notification(const Late& late, wire::EntryType type, const Body& body,
                          FrameBatch& batch);
  void after_replay_step(Effects& out);

  void on_frame(const protocol::Frame& frame, const AttemptContext& context, Effects& out);
  void on_command(const protocol::Frame& frame, const AttemptContext& context, Effects& out);
  void on_run_proposal(const protocol::Frame& frame, Effects& out);
  void on_suspension(const protocol::Frame& frame, Effects& out);
  void on_awaiting(const protocol::Frame& frame, Effects& out);
  void on_error_message(const protocol::Frame& frame, Effects& out);
  void on_end_message(Effects& out);
  void on_unexpected(const protocol::Frame& frame, Effects& out);

  void propose_entry(wire::NewEntry entry, Effects& out);
  void close_input(Effects& out);
  /// The end of the input, if it was asked for and nothing is left to be written.
  void close_if_written(Effects& out);
  /// Something was said: the waiting time begins anew.
  void touch(Effects& out);
  /// The endpoint has said its last word.
  void finished(Outcome outcome, Effects& out);
  /// It will not be listened to any more.
  void failed(DocCode code, std::string message, Effects& out);
  void over(Outcome outcome, bool orderly, Effects& out);

  AttemptPlan plan_;
  Residency& residency_;
  protocol::FrameDecoder decoder_;
  std::optional<std::string> server_;
  std::optional<wire::AwaitTree> awaiting_on_;

  std::uint32_t replayed_ = 0;  ///< entries written
  std::uint32_t commands_ = 0;  ///< replayed and new; the index of the next one
  std::uint32_t first_new_command_ = 0;
  std::uint32_t delivered_ = 0;  ///< notifications with a lower journal index were written
  bool replay_done_ = false;
  bool input_open_ = true;
  bool close_when_written_ = false;
  bool pinned_ = false;
  bool output_seen_ = false;
  bool over_ = false;
  std::vector<Late> late_;                 ///< in the order of the journal
  std::set<wire::CompletionId> run_acks_;  ///< protocol 7: results that the SDK keeps itself
};

}  // namespace restate::invoker
