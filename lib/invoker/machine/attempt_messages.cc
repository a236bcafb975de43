// The receiving half of an attempt: what the endpoint's messages mean.

#include "invoker/machine/attempt.h"
#include "invoker/machine/command_check.h"
#include "invoker/options.h"
#include "protocol/control.h"
#include "wire/entry.h"

#include <utility>
#include <variant>

namespace restate::invoker {

using protocol::ControlType;
using wire::EntryType;

namespace {

/// Independent bits for the n-th id of an attempt.
std::uint64_t mix(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t x = seed + (n + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

void Attempt::on_frame(const protocol::Frame& frame, const AttemptContext& context, Effects& out) {
  if (frame.type == static_cast<std::uint16_t>(ControlType::kError)) {
    return on_error_message(frame, out);
  }
  if (frame.payload.size() > plan_.memory_limit) {
    return on_memory_shortage(frame.payload.size(), true, out);
  }
  // Nothing else can be said by somebody who has not heard the whole story.
  if (!replay_done_) {
    return failed(
        DocCode::kProtocolViolation,
        "received " + protocol::message_name(frame.type) + " before the journal was replayed", out);
  }
  if (!frame.is_control()) return on_command(frame, context, out);
  switch (static_cast<ControlType>(frame.type)) {
    case ControlType::kEnd:
      return on_end_message(out);
    case ControlType::kProposeRunCompletion:
      return on_run_proposal(frame, out);
    case ControlType::kSuspension:
      return on_suspension(frame, out);
    case ControlType::kAwaitingOn:
      return on_awaiting(frame, out);
    case ControlType::kError:
    case ControlType::kStart:
    case ControlType::kCommandAck:
    case ControlType::kProposeRunCompletionAck:
      break;
  }
  on_unexpected(frame, out);
}

void Attempt::on_unexpected(const protocol::Frame& frame, Effects& out) {
  const bool known = frame.is_control() ? protocol::is_known_control(frame.type)
                                        : wire::is_known_entry(frame.type);
  failed(DocCode::kProtocolViolation,
         (known ? "received unexpected message: " : "unknown protocol.message code ") +
             protocol::message_name(frame.type),
         out);
}

void Attempt::on_suspension(const protocol::Frame& frame, Effects& out) {
  auto message = protocol::decode_suspension(frame.payload, plan_.protocol, plan_.max_future_depth);
  if (auto* error = std::get_if<protocol::ProtocolError>(&message)) {
    return failed(error->code, std::move(error->message), out);
  }
  auto& suspension = std::get<protocol::Suspension>(message);
  finished(AttemptSuspended{std::move(suspension.awaiting), delivered_}, out);
}

void Attempt::on_awaiting(const protocol::Frame& frame, Effects& out) {
  if (plan_.protocol < 7) return on_unexpected(frame, out);
  auto message = protocol::decode_awaiting_on(frame.payload, plan_.max_future_depth);
  if (auto* error = std::get_if<protocol::ProtocolError>(&message)) {
    return failed(error->code, std::move(error->message), out);
  }
  awaiting_on_ = std::move(std::get<protocol::AwaitingOn>(message).awaiting);
}

void Attempt::on_command(const protocol::Frame& frame, const AttemptContext& context,
                         Effects& out) {
  if (!wire::is_known_entry(frame.type)) return on_unexpected(frame, out);
  const auto type = static_cast<EntryType>(frame.type);
  if (wire::is_notification(type) || type == EntryType::kInput) return on_unexpected(frame, out);
  wire::NewEntry entry;
  const CommandContext command{plan_.input.target,
                               plan_.input.span,
                               context.schema,
                               context.defaults,
                               commands_,
                               context.now,
                               mix(plan_.random_high, commands_),
                               mix(plan_.random_low, commands_),
                               plan_.controlled_sharding,
                               plan_.flow_control,
                               plan_.scoped_virtual_objects};
  if (auto error = check_command(type, frame.payload, command, entry.call)) {
    return over(std::move(*error), false, out);
  }
  entry.type = type;
  entry.body = frame.payload;
  entry.command_to_ack = commands_;
  entry.ack_requested = frame.ack_requested;
  output_seen_ = output_seen_ || type == EntryType::kOutput;
  residency_.on_command_proposed(commands_++);
  propose_entry(std::move(entry), out);
}

void Attempt::on_run_proposal(const protocol::Frame& frame, Effects& out) {
  auto message = protocol::decode_propose_run_completion(frame.payload);
  if (auto* error = std::get_if<protocol::ProtocolError>(&message)) {
    return failed(error->code, std::move(error->message), out);
  }
  auto& proposal = std::get<protocol::ProposeRunCompletion>(message);
  const wire::CompletionId completion = proposal.completion;
  residency_.on_run_proposed(completion);
  // From protocol 7 on the SDK keeps the result and is content with an ack, if it asks for one.
  if (plan_.protocol >= 7 && frame.ack_requested) run_acks_.insert(completion);

  wire::NewEntry entry;
  entry.type = EntryType::kRunCompletion;
  entry.body = wire::encode_notification(protocol::run_completion(std::move(proposal)));
  entry.ack_requested = frame.ack_requested;
  propose_entry(std::move(entry), out);
}

void Attempt::on_error_message(const protocol::Frame& frame, Effects& out) {
  auto message = protocol::decode_error(frame.payload);
  if (auto* error = std::get_if<protocol::ProtocolError>(&message)) {
    return failed(error->code, std::move(error->message), out);
  }
  auto& reported = std::get<protocol::ErrorMessage>(message);
  AttemptError error;
  error.code = reported.code;
  error.doc_code = protocol::doc_code_of_sdk_error(reported.code);
  error.message = std::move(reported.message);
  error.stacktrace = std::move(reported.stacktrace);
  error.related_command_index = reported.related_command_index;
  error.related_command_name = std::move(reported.related_command_name);
  error.related_command_type = reported.related_command_type;
  if (reported.next_retry_delay_ms) error.next_delay = saturated_ms(*reported.next_retry_delay_ms);
  switch (reported.behavior) {
    case protocol::ErrorMessage::Behavior::kRetry:
      break;
    case protocol::ErrorMessage::Behavior::kPause:
      error.behavior = ErrorBehavior::kPause;
      break;
    case protocol::ErrorMessage::Behavior::kFail:
      error.behavior = ErrorBehavior::kFail;
      break;
  }
  finished(std::move(error), out);
}

void Attempt::on_end_message(Effects& out) {
  // Proposing it would end the invocation without a result; another attempt may do better.
  if (!output_seen_) {
    return failed(DocCode::kProtocolViolation, "received End, but the journal has no Output", out);
  }
  finished(AttemptEnded{}, out);
}

void Attempt::propose_entry(wire::NewEntry entry, Effects& out) {
  // Not earlier: an invocation that got nowhere stays free to move to a repaired deployment.
  if (!pinned_) {
    pinned_ = true;
    out.push_back(Propose{wire::Pinned{{plan_.deployment, plan_.protocol}}});
  }
  out.push_back(Propose{wire::Effect{std::move(entry)}});
}

}  // namespace restate::invoker
