#include "unit/invoker/stage_message.h"

#include "protocol/control.h"
#include "protocol/frame.h"
#include "wire/entry.h"

#include <restate/assert.h>

#include <utility>

namespace restate::invoker::testing {
namespace {

Bytes frame_bytes(std::uint16_t type, const Bytes& payload, bool ack = false) {
  ByteChain chain;
  protocol::append_frame(chain, type, payload, ack);
  return Bytes(join(chain));
}

std::vector<wire::NotificationId> leaves(const std::vector<std::string>& words, std::size_t from) {
  std::vector<wire::NotificationId> result;
  for (std::size_t i = from; i + 1 < words.size(); i += 2) {
    if (words[i] == "completion") {
      result.push_back(wire::CompletionId{number(words[i + 1])});
    } else if (words[i] == "signal") {
      result.push_back(wire::SignalIndex{number(words[i + 1])});
    } else {
      result.push_back(wire::SignalName{words[i + 1]});
    }
  }
  return result;
}

Bytes unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return Bytes(std::move(out));
}

}  // namespace

std::uint32_t number(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text));
}

Bytes message(const std::vector<std::string>& words, std::uint16_t protocol) {
  const std::string& what = words[0];
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
  const bool ack = words.back() == "ack";
  const auto entry = [&](wire::EntryType type, wire::EntryContent content, std::string name = {}) {
    return frame_bytes(static_cast<std::uint16_t>(type), wire::encode_entry(type, content, name),
                       ack);
  };
  const auto control = [&](protocol::ControlType type, const Bytes& payload) {
    return frame_bytes(static_cast<std::uint16_t>(type), payload, ack);
  };
  const auto completion = [&](std::size_t i) { return wire::CompletionId{number(word(i))}; };
  // `*300000` stands for that many bytes.
  const auto text = [&](std::size_t i) {
    const std::string plain = word(i);
    return plain.starts_with('*') ? std::string(number(plain.substr(1)), 'x') : plain;
  };

  if (what == "hex") return unhex(word(1));
  if (what == "End") return control(protocol::ControlType::kEnd, {});
  if (what == "Output") return entry(wire::EntryType::kOutput, wire::OutputEntry{Bytes(word(1))});
  if (what == "Failure") {
    return entry(wire::EntryType::kOutput,
                 wire::OutputEntry{wire::Failure{number(word(1)), word(2), {}}});
  }
  if (what == "Input") return entry(wire::EntryType::kInput, wire::InputEntry{{}, Bytes("x")});
  if (what == "Sleep") {
    return entry(wire::EntryType::kSleep, wire::SleepEntry{WallTime{5000}, completion(1)});
  }
  if (what == "Run") return entry(wire::EntryType::kRun, wire::RunEntry{completion(1)}, word(2));
  if (what == "SetState") {
    return entry(wire::EntryType::kSetState, wire::SetStateEntry{word(1), text(2)});
  }
  if (what == "GetState") {
    return entry(wire::EntryType::kGetLazyState, wire::GetLazyStateEntry{word(1), completion(2)});
  }
  if (what == "GetPromise") {
    return entry(wire::EntryType::kGetPromise, wire::GetPromiseEntry{word(1), completion(2)});
  }
  if (what == "Call") {  // service handler key idempotency-key id-completion completion
    wire::CallEntry call;
    call.request.service = word(1);
    call.request.handler = word(2);
    call.request.key = word(3) == "-" ? "" : word(3);
    if (word(4) != "-") call.request.idempotency_key = word(4);
    if (word(7) == "limit") call.request.limit_key = word(8);
    if (word(7) == "scope") call.request.scope = word(8);
    call.invocation_id_completion = completion(5);
    call.completion = completion(6);
    return entry(wire::EntryType::kCall, call);
  }
  if (what == "SendSignal") {
    return entry(wire::EntryType::kSendSignal,
                 wire::SendSignalEntry{word(1), wire::SignalIndex{number(word(2))}, wire::Void{}});
  }
  if (what == "CompleteAwakeable") {
    return entry(wire::EntryType::kCompleteAwakeable,
                 wire::CompleteAwakeableEntry{word(1), Bytes("v")});
  }
  if (what == "Propose") {
    return control(protocol::ControlType::kProposeRunCompletion,
                   protocol::encode(protocol::ProposeRunCompletion{completion(1), Bytes(word(2))}));
  }
  if (what == "Suspension" || what == "AwaitingOn") {
    wire::AwaitTree tree;
    tree.leaves = leaves(words, 1);
    if (protocol >= 7) tree.combinator = wire::Combinator::kFirstCompleted;
    if (what == "AwaitingOn") {
      return control(protocol::ControlType::kAwaitingOn,
                     protocol::encode(protocol::AwaitingOn{tree, false}));
    }
    return control(protocol::ControlType::kSuspension,
                   protocol::encode(protocol::Suspension{tree}, protocol));
  }
  if (what == "Error") {
    protocol::ErrorMessage error;
    error.code = number(word(1));
    error.message = word(2);
    for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
      if (words[i] == "delay") error.next_retry_delay_ms = number(words[i + 1]);
      if (words[i] == "command") error.related_command_index = number(words[i + 1]);
      if (words[i] == "name") error.related_command_name = words[i + 1];
      if (words[i] == "type") error.related_command_type = number(words[i + 1]);
      if (words[i] == "stack") error.stacktrace = words[i + 1];
      if (words[i] == "behavior") {
        error.behavior = words[i + 1] == "pause" ? protocol::ErrorMessage::Behavior::kPause
                                                 : protocol::ErrorMessage::Behavior::kFail;
      }
    }
    return control(protocol::ControlType::kError, protocol::encode(error));
  }
  RESTATE_ASSERT(false, ("no such message: " + what).c_str());
  return {};
}

}  // namespace restate::invoker::testing
