#include "trial/trial_state.h"

#include "protocol/control.h"
#include "protocol/doc_codes.h"
#include "protocol/start_message.h"

#include <cctype>
#include <cstdio>
#include <iterator>
#include <utility>

namespace restate::testing {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::int64_t kFurthestJumpMs = 60'000;

std::string seconds_text(Instant at) {
  char text[32];
  std::snprintf(text, sizeof text, "%11.6f  ", static_cast<double>(at.ns) / 1e9);
  return text;
}

/// The text without ids that are drawn anew in every run: of invocations and their awakeables.
std::string without_ids(std::string text) {
  for (const std::string_view prefix : {"inv_1", "sign_1"}) {
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
      at += prefix.size();
      std::size_t end = at;
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) ||
                                   text[end] == '-' || text[end] == '_')) {
        ++end;
      }
      text.erase(at, end - at);
    }
  }
  return text;
}

Error gone(std::string_view what) {
  return {Code::kUnavailable, std::string(what) + ": the process has died"};
}

/// Commands and what ends an attempt: a crash around them makes a difference.
bool matters(std::uint16_t type) {
  if (wire::is_known_entry(type)) return true;
  switch (static_cast<protocol::ControlType>(type)) {
    case protocol::ControlType::kStart:
    case protocol::ControlType::kSuspension:
    case protocol::ControlType::kEnd:
    case protocol::ControlType::kProposeRunCompletion:
    case protocol::ControlType::kProposeRunCompletionAck: return true;
    case protocol::ControlType::kError:
    case protocol::ControlType::kCommandAck:
    case protocol::ControlType::kAwaitingOn: break;
  }
  return false;
}

}  // namespace

TrialState::TrialState(Seed seed, Faults faults, std::optional<CrashPlan> plan,
                       std::shared_ptr<native::BatonPool> pool)
    : faults_(faults),
      plan_(plan),
      pool_(std::move(pool)),
      world_(seed),
      ids_(seed.value * 4 + 1),
      scenario_(seed.value * 4 + 2),
      chance_(seed.value * 4 + 3) {}

// --- Faults -----------------------------------------------------------------------------------------

bool TrialState::strikes(std::uint32_t per_million) {
  return per_million > 0 && chance_.below(kMillion) < per_million;
}

bool TrialState::slow_down(std::string_view what, std::string_view part) {
  if (!strikes(faults_.slow_call)) return true;
  const Duration pause(static_cast<std::int64_t>(
      chance_.below(static_cast<std::uint64_t>(faults_.slowest_call.count()) + 1)));
  note("    * " + std::string(what) + ": the " + std::string(part) + " takes " +
       std::to_string(std::chrono::duration_cast<milliseconds>(pause).count()) + " ms");
  return pool_->pause([&](Task resume) { world_.after(pause, std::move(resume)); });
}

bool TrialState::gets_through(std::string_view what, std::string_view part) {
  if (dying_ || !slow_down(what, part)) return false;
  const std::string place = "the " + std::string(part) + " of " + std::string(what);
  if (crasher_ == nullptr || judge(Position::Kind::kCalled, place) == Verdict::kPass) return true;
  dying_ = true;
  crasher_->crash_now();
  return false;
}

Result<void> TrialState::request(std::string_view what) {
  if (!pool_->in_handler()) return {};
  if (!gets_through(what, "request")) return gone(what);
  if (!strikes(faults_.lost_request)) {
    note("    * " + std::string(what));
    return {};
  }
  note("    * " + std::string(what) + ": the request is lost");
  return Error{Code::kUnavailable, std::string(what) + ": no answer"};
}

Result<void> TrialState::reply(std::string_view what) {
  if (!pool_->in_handler()) return {};
  if (!gets_through(what, "answer")) return gone(what);
  if (!strikes(faults_.lost_reply)) return {};
  note("    * " + std::string(what) + ": the answer is lost");
  return Error{Code::kUnavailable, std::string(what) + ": no answer"};
}

std::optional<milliseconds> TrialState::clock_jump() {
  if (!strikes(faults_.clock_jump)) return std::nullopt;
  const auto far = static_cast<std::int64_t>(chance_.below(2 * kFurthestJumpMs + 1));
  const milliseconds by(far - kFurthestJumpMs);
  note("-- the clock jumps by " + std::to_string(by.count()) + " ms");
  return by;
}

Verdict TrialState::judge(Position::Kind kind, const std::string& what) {
  const std::size_t position = positions_.size();
  positions_.push_back({kind, what});
  if (plan_) {
    if (position != plan_->position) return Verdict::kPass;
    plan_struck_ = true;
    return plan_->verdict;
  }
  if (crashes_ >= faults_.most_crashes || !strikes(faults_.crash)) return Verdict::kPass;
  if (kind != Position::Kind::kSaid) return Verdict::kLost;
  constexpr Verdict kAll[] = {Verdict::kLost, Verdict::kSaid, Verdict::kDurable,
                              Verdict::kDisconnected};
  const Verdict verdict = kAll[chance_.below(std::size(kAll))];
  if (verdict == Verdict::kDisconnected) ++crashes_;
  return verdict;
}

// --- What observers see -----------------------------------------------------------------------------

AttemptView TrialState::begin_attempt(const InvocationId& invocation, std::string target,
                                      std::uint16_t protocol) {
  InvocationView& view = invocations_[invocation];
  if (view.number == 0) {
    view.number = static_cast<std::uint32_t>(invocations_.size());
    view.target = std::move(target);
  }
  ++view.attempts;
  return {view, protocol, view.attempts, 0, {}};
}

void TrialState::line(const AttemptView& attempt, std::string_view what) {
  last_seen_ = world_.now();
  lines_.push_back(seconds_text(world_.now()) + "#" + std::to_string(attempt.invocation.number) +
                   " " + std::string(what));
}

void TrialState::record(AttemptView& attempt, const protocol::Frame& frame,
                        const std::string& what) {
  if (!wire::is_known_entry(frame.type)) return;
  const auto type = static_cast<wire::EntryType>(frame.type);
  if (!wire::is_command(type)) return;
  learn_names(type, frame.payload, attempt.names);
  // What requests are answered with is compared by itself.
  attempt.invocation.commands.push_back(type == wire::EntryType::kOutput ? "Output"
                                                                         : without_ids(what));
}

Verdict TrialState::on_said(AttemptView& attempt, const protocol::Frame& frame) {
  const std::string what =
      describe_frame(frame.type, frame.payload, attempt.protocol, attempt.names);
  std::string place;
  if (wire::is_known_entry(frame.type)) {
    place = "[" + std::to_string(attempt.invocation.commands.size()) + "] ";
  }
  line(attempt, "  " + place + what);
  record(attempt, frame, what);
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kEnd)) {
    attempt.invocation.ended = true;
  }
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kError)) {
    const auto message = protocol::decode_error(frame.payload);
    const auto* error = std::get_if<protocol::ErrorMessage>(&message);
    if (error != nullptr && error->code == protocol::kSdkJournalMismatch) {
      fail(attempt.invocation.target + " is not deterministic: " + error->message);
    } else if (error != nullptr && error->code == protocol::kSdkProtocolViolation) {
      fail(attempt.invocation.target + " breaks the protocol: " + error->message);
    }
  }
  if (!matters(frame.type)) return Verdict::kPass;
  return judge(Position::Kind::kSaid, "#" + std::to_string(attempt.invocation.number) + " " +
                                          attempt.invocation.target + ": " + place + what);
}

Verdict TrialState::on_heard(AttemptView& attempt, const protocol::Frame& frame) {
  const std::string what =
      describe_frame(frame.type, frame.payload, attempt.protocol, attempt.names);
  const std::string whose =
      "#" + std::to_string(attempt.invocation.number) + " " + attempt.invocation.target;
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kStart)) {
    if (const auto start = protocol::decode_start(frame.payload)) {
      attempt.replay_left = start->known_entries;
    }
    attempt.invocation.commands.clear();
    attempt.invocation.ended = false;
    line(attempt, attempt.invocation.target + ": attempt " + std::to_string(attempt.number) +
                      " has " + what);
    return judge(Position::Kind::kHeard, whose + ": attempt " + std::to_string(attempt.number));
  }
  if (attempt.replay_left > 0) {
    --attempt.replay_left;
    record(attempt, frame, what);
    return Verdict::kPass;
  }
  line(attempt, "    < " + what);
  if (!matters(frame.type)) return Verdict::kPass;
  return judge(Position::Kind::kHeard, whose + ": < " + what);
}

void TrialState::on_crash() {
  ++crashes_;
  dying_ = false;
  note("-- the process dies");
}
void TrialState::on_restart() { note("-- the process starts again"); }

void TrialState::on_request(std::size_t number, std::string_view what) {
  if (answers_.size() <= number) answers_.resize(number + 1);
  note("request " + std::to_string(number + 1) + ": " + std::string(what));
}

void TrialState::on_answer(std::size_t number, const Result<Bytes>& answer) {
  note("answer " + std::to_string(number + 1) + ": " +
       (answer ? quote(answer->view()) : answer.error().describe()));
  answers_[number] = answer ? "'" + answer->str() + "'" : answer.error().describe();
}

// --- What comes out ---------------------------------------------------------------------------------

void TrialState::note(std::string_view text) {
  last_seen_ = world_.now();
  lines_.push_back(seconds_text(world_.now()) + std::string(text));
}

void TrialState::fail(std::string problem) {
  note("!! " + problem);
  problems_.push_back(std::move(problem));
}

}  // namespace restate::testing
