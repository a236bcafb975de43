#include "invoker/machine/attempt.h"

#include "invoker/machine/command_check.h"
#include "invoker/options.h"
#include "protocol/control.h"
#include "protocol/start_message.h"
#include "wire/entry.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace restate::invoker {

using protocol::ControlType;
using wire::EntryType;

namespace {

AttemptError make_error(DocCode doc_code, std::string message) {
  AttemptError error;
  error.doc_code = doc_code;
  error.message = std::move(message);
  return error;
}

}  // namespace

Attempt::Attempt(AttemptPlan plan, Residency& residency)
    : plan_(std::move(plan)),
      residency_(residency),
      decoder_(plan_.message_size_limit),
      pinned_(plan_.input.pinned.has_value()) {}

void Attempt::start(std::vector<wire::JournalEntry> journal, Effects& out) {
  const InvocationInput& input = plan_.input;
  protocol::StartMessage start;
  start.id = plan_.invocation;
  start.known_entries = input.journal_length;
  start.state = std::move(plan_.state.entries);
  start.partial_state = plan_.state.partial;
  start.key = input.target.key;
  start.retry_count_since_last_stored_entry = residency_.retries_since_command();
  start.duration_since_last_stored_entry_ms = plan_.now.ms_since(input.modified_at);
  start.random_seed = input.random_seed;
  if (plan_.protocol >= 7) start.scope = input.target.scope;
  if (plan_.protocol >= 7 && plan_.flow_control) {
    if (!input.limit_key.empty()) start.limit_key = input.limit_key;
    start.idempotency_key = input.idempotency_key;
  }

  FrameBatch batch;
  batch.add(ControlType::kStart, protocol::encode(start));
  write_entries(journal, batch);
  out.push_back(SendFrames{std::move(batch).take()});
  after_replay_step(out);
}

std::optional<std::uint32_t> Attempt::replay_next() const {
  if (replay_done_ || over_) return std::nullopt;
  return replayed_;
}

void Attempt::replay(const std::vector<wire::JournalEntry>& entries, Effects& out) {
  if (over_) return;
  FrameBatch batch;
  write_entries(entries, batch);
  out.push_back(SendFrames{std::move(batch).take()});
  after_replay_step(out);
}

void Attempt::write_entries(const std::vector<wire::JournalEntry>& entries, FrameBatch& batch) {
  for (const wire::JournalEntry& entry : entries) {
    // What was appended after the plan was made comes by itself.
    if (replayed_ == plan_.input.journal_length) return;
    batch.add(entry.type, entry.body);
    ++replayed_;
    if (wire::is_command(entry.type)) ++commands_;
    if (entry.type == EntryType::kOutput) output_seen_ = true;
  }
}

void Attempt::after_replay_step(Effects& out) {
  if (replayed_ == plan_.input.journal_length) {
    replay_done_ = true;
    first_new_command_ = commands_;
    delivered_ = std::max(delivered_, replayed_);
    if (!early_.empty()) out.push_back(SendFrames{std::exchange(early_, {})});
    if (!plan_.bidi || close_after_replay_) return close_input(out);
  }
  touch(out);
}

void Attempt::on_journal_error(const Error& error, Effects& out) {
  AttemptError failure = make_error(DocCode::kStorage, "cannot read the journal: " + error.message);
  failure.counts = false;
  over(std::move(failure), false, out);
}

void Attempt::on_head(const protocol::ResponseHeadView& head, WallTime now, Effects& out) {
  if (over_) return;
  protocol::HeadVerdict verdict = protocol::judge_head(head, plan_.protocol, now);
  server_ = std::move(verdict.server);
  if (verdict.code == DocCode::kNone) return touch(out);
  AttemptError error = make_error(verdict.code, std::move(verdict.message));
  error.code = verdict.invocation_code;
  error.counts = verdict.code != DocCode::kVersionRejected;
  if (verdict.retry_after_ms) error.next_delay = saturated_ms(*verdict.retry_after_ms);
  over(std::move(error), false, out);
}

void Attempt::on_data(Bytes data, const AttemptContext& context, Effects& out) {
  if (over_) return;
  decoder_.feed(std::move(data));
  protocol::Frame frame;
  while (!over_) {
    const auto step = decoder_.next(frame);
    if (step == protocol::FrameDecoder::Step::kMore) return touch(out);
    if (step == protocol::FrameDecoder::Step::kTooLarge) {
      return failed(decoder_.error().code, decoder_.error().message, out);
    }
    on_frame(frame, context, out);
  }
}

void Attempt::on_end(Effects& out) {
  if (over_) return;
  failed(DocCode::kSdkError, "unknown: the response ended without End, Suspension or Error", out);
}

void Attempt::on_transport_error(const Error& error, std::optional<Duration> retry_after,
                                 Effects& out, bool refused) {
  if (over_) return;
  AttemptError failure = make_error(DocCode::kNetwork, error.message);
  failure.refused = refused;
  failure.counts = !refused;
  if (retry_after) failure.next_delay = std::chrono::duration_cast<milliseconds>(*retry_after);
  over(std::move(failure), false, out);
}

void Attempt::on_notification(std::uint32_t index, EntryType type, const wire::NotificationId& id,
                              const Bytes& body, Effects& out) {
  // Durable already: the next attempt replays what comes too late for this one.
  if (over_ || !input_open_ || !plan_.bidi) return;
  if (index < plan_.input.journal_length) return;  // part of the replay
  delivered_ = std::max(delivered_, index + 1);
  FrameBatch batch;
  const auto* completion = std::get_if<wire::CompletionId>(&id);
  if (type == EntryType::kRunCompletion && completion != nullptr &&
      run_acks_.erase(*completion) > 0) {
    batch.add(ControlType::kProposeRunCompletionAck, protocol::encode_ack(completion->value));
  } else {
    batch.add(type, body);
  }
  send_live(std::move(batch).take(), out);
}

void Attempt::on_command_stored(std::uint32_t command_index, bool requested, Effects& out) {
  if (over_ || !requested || !input_open_ || !replay_done_) return;
  // An ack for an earlier life of the invocation means nothing here.
  if (command_index < first_new_command_ || command_index >= commands_) return;
  FrameBatch batch;
  batch.add(ControlType::kCommandAck, protocol::encode_ack(command_index));
  send_live(std::move(batch).take(), out);
}

void Attempt::on_timeout(SetTimeout::Kind kind, Effects& out) {
  if (over_) return;
  switch (kind) {
    case SetTimeout::Kind::kInactivity:
      return on_pause(out);
    case SetTimeout::Kind::kAbort:
      return failed(DocCode::kAborted,
                    "the endpoint neither went on nor suspended within the abort timeout of " +
                        std::to_string(plan_.abort_timeout.count()) + " ms",
                    out);
  }
}

void Attempt::on_pause(Effects& out) {
  if (over_ || !input_open_) return;
  // An endpoint must never see the end of its input before the end of the replay.
  close_after_replay_ = true;
  if (replay_done_) return close_input(out);
  touch(out);
}

void Attempt::send_live(ByteChain frame, Effects& out) {
  if (!replay_done_) {
    early_.insert(early_.end(), frame.begin(), frame.end());
    return;
  }
  out.push_back(SendFrames{std::move(frame)});
  touch(out);
}

void Attempt::close_input(Effects& out) {
  input_open_ = false;
  out.push_back(CloseInput{});
  touch(out);
}

void Attempt::touch(Effects& out) {
  if (input_open_ && !close_after_replay_) {
    out.push_back(SetTimeout{SetTimeout::Kind::kInactivity, plan_.inactivity_timeout});
  } else {
    out.push_back(SetTimeout{SetTimeout::Kind::kAbort, plan_.abort_timeout});
  }
}

void Attempt::finished(Outcome outcome, Effects& out) {
  // The endpoint may wait for the end of our side before it ends its own.
  if (input_open_) out.push_back(CloseInput{});
  input_open_ = false;
  over(std::move(outcome), true, out);
}

void Attempt::failed(DocCode code, std::string message, Effects& out) {
  AttemptError error = make_error(code, std::move(message));
  if (code == DocCode::kFutureTooDeep) error.kind = AttemptError::Kind::kPause;
  over(std::move(error), false, out);
}

void Attempt::over(Outcome outcome, bool orderly, Effects& out) {
  over_ = true;
  out.push_back(AttemptOver{std::move(outcome), orderly});
}

}  // namespace restate::invoker
