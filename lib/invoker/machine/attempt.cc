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
  std::size_t state_bytes = 0;
  for (const auto& [name, value] : plan_.state.entries) state_bytes += name.size() + value.size();
  // One large thing after the other; the journal can be read again.
  if (state_bytes > kReplayHighWater) journal.clear();
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
  for (const wire::JournalEntry& entry : journal) {
    if (!write_entry(entry.type, entry.body, batch, out)) break;
  }
  if (over_) return;
  out.push_back(SendFrames{std::move(batch).take()});
  after_replay_step(out);
}

std::optional<std::uint32_t> Attempt::replay_next() const {
  if (over_ || !input_open_) return std::nullopt;
  if (!replay_done_) return replayed_;
  if (!late_.empty()) return late_.front().index;
  return std::nullopt;
}

std::uint32_t Attempt::replay_end() const {
  if (!replay_done_) return plan_.input.journal_length;
  std::uint32_t end = late_.front().index;
  for (const Late& late : late_) {
    if (late.index != end) break;
    ++end;
  }
  return end;
}

bool Attempt::Replay::entry(EntryType type, std::string_view body) {
  if (attempt_.over_) return false;
  const std::size_t index = entries_++;
  if (!attempt_.replay_done_) return attempt_.write_entry(type, body, batch_, out_);
  attempt_.write_notification(attempt_.late_[index], type, body, batch_);
  return entries_ < attempt_.late_.size();
}

void Attempt::Replay::finish() {
  if (attempt_.over_) return;
  if (entries_ == 0) {
    return attempt_.on_journal_error({Code::kCorrupt, "it is shorter than its length says"}, out_);
  }
  out_.push_back(SendFrames{std::move(batch_).take()});
  if (!attempt_.replay_done_) return attempt_.after_replay_step(out_);
  attempt_.late_.erase(attempt_.late_.begin(),
                       attempt_.late_.begin() + static_cast<std::ptrdiff_t>(entries_));
  attempt_.close_if_written(out_);
}

template <class Body>
bool Attempt::write_entry(EntryType type, const Body& body, FrameBatch& batch, Effects& out) {
  // What was appended after the plan was made comes by itself.
  if (replayed_ == plan_.input.journal_length) return false;
  if (body.size() > plan_.memory_limit) {
    on_memory_shortage(body.size(), true, out);
    return false;
  }
  batch.add(type, body);
  ++replayed_;
  if (wire::is_command(type)) ++commands_;
  if (type == EntryType::kOutput) output_seen_ = true;
  return true;
}

void Attempt::after_replay_step(Effects& out) {
  if (replayed_ == plan_.input.journal_length) {
    replay_done_ = true;
    first_new_command_ = commands_;
    delivered_ = std::max(delivered_, replayed_);
    if (!plan_.bidi) close_when_written_ = true;
  }
  close_if_written(out);
}

template <class Body>
void Attempt::write_notification(const Late& late, EntryType type, const Body& body,
                                 FrameBatch& batch) {
  delivered_ = std::max(delivered_, late.index + 1);
  if (late.ack) {
    batch.add(ControlType::kProposeRunCompletionAck, protocol::encode_ack(late.ack->value));
  } else {
    batch.add(type, body);
  }
}

void Attempt::on_memory_shortage(std::size_t bytes, bool alone, Effects& out) {
  if (over_) return;
  AttemptError failure = make_error(
      DocCode::kAborted, alone ? "out of memory: a message of " + std::to_string(bytes) +
                                     " bytes is more than one invocation may hold, which is " +
                                     std::to_string(plan_.memory_limit)
                               : "out of memory: the invocations of this node together hold all "
                                 "they may; this one needs " +
                                     std::to_string(bytes) + " bytes");
  failure.counts = false;
  failure.shortage = !alone;
  if (alone) failure.kind = AttemptError::Kind::kExhausted;
  over(std::move(failure), false, out);
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
    if (step == protocol::FrameDecoder::Step::kMore) {
      if (decoder_.expected() > plan_.memory_limit) {
        return on_memory_shortage(decoder_.expected(), true, out);
      }
      return touch(out);
    }
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
                                 Effects& out, bool refused, DocCode code) {
  if (over_) return;
  AttemptError failure = make_error(code, error.message);
  failure.refused = refused;
  failure.counts = !refused;
  if (retry_after) failure.next_delay = std::chrono::duration_cast<milliseconds>(*retry_after);
  over(std::move(failure), false, out);
}

void Attempt::on_notification(std::uint32_t index, EntryType type, const wire::NotificationId& id,
                              const Bytes& body, Effects& out, bool room) {
  // Durable already: the next attempt replays what comes too late for this one.
  if (over_ || !input_open_ || !plan_.bidi) return;
  if (index < plan_.input.journal_length) return;  // part of the replay
  Late late{index, {}};
  const auto* completion = std::get_if<wire::CompletionId>(&id);
  if (type == EntryType::kRunCompletion && completion != nullptr &&
      run_acks_.erase(*completion) > 0) {
    late.ack = *completion;
  }
  if (!replay_done_ || !late_.empty() || !room) {
    late_.push_back(late);
    return;
  }
  FrameBatch batch;
  write_notification(late, type, body, batch);
  out.push_back(SendFrames{std::move(batch).take()});
  touch(out);
}

void Attempt::on_command_stored(std::uint32_t command_index, bool requested, Effects& out) {
  if (over_ || !requested || !input_open_ || !replay_done_) return;
  // An ack for an earlier life of the invocation means nothing here.
  if (command_index < first_new_command_ || command_index >= commands_) return;
  FrameBatch batch;
  batch.add(ControlType::kCommandAck, protocol::encode_ack(command_index));
  out.push_back(SendFrames{std::move(batch).take()});
  touch(out);
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
  close_when_written_ = true;
  close_if_written(out);
}

void Attempt::close_if_written(Effects& out) {
  if (close_when_written_ && replay_done_ && late_.empty()) return close_input(out);
  touch(out);
}

void Attempt::close_input(Effects& out) {
  input_open_ = false;
  out.push_back(CloseInput{});
  touch(out);
}

void Attempt::touch(Effects& out) {
  // Whoever is still being told the story is not idle: it only has to go on listening.
  if (input_open_ && !close_when_written_ && replay_done_) {
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
