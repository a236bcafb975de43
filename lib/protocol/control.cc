#include "protocol/control.h"

#include "wire/entry_parts.h"
#include "wire/protobuf.h"

#include <utility>

namespace restate::protocol {
namespace {

using wire::ProtoReader;
using wire::ProtoWriter;

ProtocolError violation(std::string message) {
  return {DocCode::kProtocolViolation, std::move(message)};
}

ProtocolError malformed(const char* name) {
  return violation(std::string("message encoding error: the bytes are no ") + name);
}

/// As many of the first characters as fit, and a note that says how long the text was.
std::string shortened(std::string text) {
  if (text.size() <= kLongestErrorText) return text;
  const std::string note = " [cut: " + std::to_string(text.size()) + " bytes]";
  std::size_t end = kLongestErrorText - note.size();
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  while (end > 0 && continues(end)) --end;  // not within a character
  text.resize(end);
  return text + note;
}

/// Leaves under a node, and whether they make sense.
struct TreeReader {
  std::size_t max_depth;
  bool flat = false;  ///< only the three lists mean something: a suspension of protocol 5 or 6
  std::size_t parts = 0;
  bool too_deep = false;
  bool too_large = false;
  const char* wrong = nullptr;

  /// One part more; false if it is one too many.
  bool take() {
    too_large = too_large || ++parts > kMostAwaited;
    return !too_large;
  }

  /// False: not a Future. `too_deep`, `too_large` and `wrong` say when it is one that we do not
  /// accept.
  bool read(std::string_view message, std::size_t depth, wire::AwaitTree& tree) {
    if (depth > max_depth) {
      too_deep = true;
      return true;
    }
    // Leaves stand in the order completions, signals, names, whatever the order of the fields.
    std::vector<wire::NotificationId> signals;
    std::vector<wire::NotificationId> names;
    ProtoReader reader(message);
    while (reader.next() && !too_deep && !too_large) {
      if (flat && reader.field() > 3) continue;
      switch (reader.field()) {
        case 1:
          reader.repeated_uint32([&](std::uint32_t id) {
            if (take()) tree.leaves.push_back(wire::CompletionId{id});
          });
          break;
        case 2:
          reader.repeated_uint32([&](std::uint32_t id) {
            if (take()) signals.push_back(wire::SignalIndex{id});
          });
          break;
        case 3:
          if (take()) names.push_back(wire::SignalName{std::string(reader.text())});
          break;
        case 4: {
          if (!take()) break;
          wire::AwaitTree nested;
          if (!read(reader.bytes(), depth + 1, nested)) return false;
          tree.nested.push_back(std::move(nested));
          break;
        }
        case 5: {
          const std::uint64_t number = reader.varint();
          if (number > 4) wrong = "unknown combinator type";
          tree.combinator = static_cast<wire::Combinator>(number);
          break;
        }
        default: break;
      }
    }
    if (reader.failed()) return false;
    tree.leaves.insert(tree.leaves.end(), signals.begin(), signals.end());
    tree.leaves.insert(tree.leaves.end(), names.begin(), names.end());
    // Nested nodes were judged on their way: a node is empty only if it has neither kind of child.
    if (tree.leaves.empty() && tree.nested.empty()) wrong = "a future that waits for nothing";
    return true;
  }
};

Decoded<wire::AwaitTree> decode_tree(std::string_view message, std::size_t max_depth,
                                     const char* name, bool flat = false) {
  TreeReader reader{max_depth, flat};
  wire::AwaitTree tree;
  if (!reader.read(message, 0, tree)) return malformed(name);
  if (reader.too_deep) {
    return ProtocolError{DocCode::kFutureTooDeep,
                         "the awaited future is nested deeper than " + std::to_string(max_depth)};
  }
  if (reader.too_large) {
    return ProtocolError{DocCode::kFutureTooDeep, "the awaited future has more than " +
                                                      std::to_string(kMostAwaited) + " parts"};
  }
  if (reader.wrong != nullptr) return violation(std::string(name) + ": " + reader.wrong);
  return tree;
}

std::string encode_tree(const wire::AwaitTree& tree) {
  // Packed, as proto3 does it. Within a node the lists stand in the order of their numbers.
  ProtoWriter out;
  std::string completions;
  std::string signals;
  const auto append_varint = [](std::string& to, std::uint32_t value) {
    while (value >= 0x80) {
      to.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    to.push_back(static_cast<char>(value));
  };
  for (const auto& leaf : tree.leaves) {
    if (const auto* completion = std::get_if<wire::CompletionId>(&leaf)) {
      append_varint(completions, completion->value);
    } else if (const auto* index = std::get_if<wire::SignalIndex>(&leaf)) {
      append_varint(signals, index->value);
    }
  }
  out.bytes(1, completions);
  out.bytes(2, signals);
  for (const auto& leaf : tree.leaves) {
    if (const auto* name = std::get_if<wire::SignalName>(&leaf)) out.put_bytes(3, name->value);
  }
  for (const auto& nested : tree.nested) out.put_bytes(4, encode_tree(nested));
  out.varint(5, static_cast<std::uint64_t>(tree.combinator));
  return std::move(out).take();
}

}  // namespace

Decoded<Suspension> decode_suspension(const Bytes& payload, std::uint16_t protocol,
                                      std::size_t max_depth) {
  std::string_view tree = payload.view();
  if (protocol >= 7) {
    bool found = false;
    ProtoReader reader(payload.view());
    while (reader.next()) {
      if (reader.field() != 4) continue;
      tree = reader.bytes();
      found = true;
    }
    if (reader.failed()) return malformed("SuspensionMessage");
    if (!found) return violation("SuspensionMessage: no awaiting_on");
  }
  auto decoded = decode_tree(tree, max_depth, "SuspensionMessage", protocol < 7);
  if (auto* error = std::get_if<ProtocolError>(&decoded)) return std::move(*error);
  return Suspension{std::get<wire::AwaitTree>(std::move(decoded))};
}

Decoded<AwaitingOn> decode_awaiting_on(const Bytes& payload, std::size_t max_depth) {
  AwaitingOn message;
  std::string_view tree;
  bool found = false;
  ProtoReader reader(payload.view());
  while (reader.next()) {
    if (reader.field() == 1) {
      tree = reader.bytes();
      found = true;
    }
    if (reader.field() == 2) message.executing_side_effects = reader.boolean();
  }
  if (reader.failed()) return malformed("AwaitingOnMessage");
  if (!found) return violation("AwaitingOnMessage: no awaiting_on");
  auto decoded = decode_tree(tree, max_depth, "AwaitingOnMessage");
  if (auto* error = std::get_if<ProtocolError>(&decoded)) return std::move(*error);
  message.awaiting = std::get<wire::AwaitTree>(std::move(decoded));
  return message;
}

Decoded<ErrorMessage> decode_error(const Bytes& payload) {
  ErrorMessage message;
  message.code = 0;
  ProtoReader reader(payload.view());
  while (reader.next()) {
    switch (reader.field()) {
      case 1: message.code = reader.uint32(); break;
      case 2: message.message = reader.text(); break;
      case 3: message.stacktrace = reader.text(); break;
      case 4: message.related_command_index = reader.uint32(); break;
      case 5: message.related_command_name = reader.text(); break;
      case 6: message.related_command_type = reader.uint32(); break;
      case 8: message.next_retry_delay_ms = reader.varint(); break;
      case 9: {
        const std::uint64_t behavior = reader.varint();
        // An unknown behaviour is one of a newer SDK; retrying is what it gets from every server.
        if (behavior <= 2) message.behavior = static_cast<ErrorMessage::Behavior>(behavior);
        break;
      }
      default: break;
    }
  }
  if (reader.failed()) return malformed("ErrorMessage");
  if (message.code > 65535) message.code = 500;
  message.message = shortened(std::move(message.message));
  message.stacktrace = shortened(std::move(message.stacktrace));
  if (auto& name = message.related_command_name) name = shortened(*std::move(name));
  return message;
}

Decoded<ProposeRunCompletion> decode_propose_run_completion(const Bytes& payload) {
  ProposeRunCompletion message;
  bool found = false;
  ProtoReader reader(payload.view());
  while (reader.next()) {
    if (reader.field() == 1) message.completion.value = reader.uint32();
    if (reader.field() == 14) {
      message.result = payload.slice_of(reader.bytes());
      found = true;
    }
    if (reader.field() == 15) {
      wire::Failure failure;
      if (!wire::decode_failure(reader.bytes(), failure)) reader.fail();
      message.result = std::move(failure);
      found = true;
    }
  }
  if (reader.failed()) return malformed("ProposeRunCompletionMessage");
  if (!found) return violation("ProposeRunCompletionMessage: no result");
  return message;
}

Decoded<std::uint32_t> decode_ack(const Bytes& payload) {
  std::uint32_t number = 0;
  ProtoReader reader(payload.view());
  while (reader.next()) {
    if (reader.field() == 1) number = reader.uint32();
  }
  if (reader.failed()) return malformed("acknowledgement");
  return number;
}

Bytes encode(const Suspension& message, std::uint16_t protocol) {
  std::string tree = encode_tree(message.awaiting);
  if (protocol < 7) return Bytes(std::move(tree));
  ProtoWriter out;
  out.put_bytes(4, tree);
  return Bytes(std::move(out).take());
}

Bytes encode(const AwaitingOn& message) {
  ProtoWriter out;
  out.put_bytes(1, encode_tree(message.awaiting));
  out.varint(2, message.executing_side_effects ? 1 : 0);
  return Bytes(std::move(out).take());
}

Bytes encode(const ErrorMessage& message) {
  ProtoWriter out;
  out.varint(1, message.code);
  out.bytes(2, message.message);
  out.bytes(3, message.stacktrace);
  if (message.related_command_index) out.put_varint(4, *message.related_command_index);
  if (message.related_command_name) out.put_bytes(5, *message.related_command_name);
  if (message.related_command_type) out.put_varint(6, *message.related_command_type);
  if (message.next_retry_delay_ms) out.put_varint(8, *message.next_retry_delay_ms);
  out.varint(9, static_cast<std::uint64_t>(message.behavior));
  return Bytes(std::move(out).take());
}

Bytes encode(const ProposeRunCompletion& message) {
  ProtoWriter out;
  out.varint(1, message.completion.value);
  if (const auto* value = std::get_if<Bytes>(&message.result)) {
    out.put_bytes(14, value->view());
  } else {
    out.put_bytes(15, wire::encode_failure(std::get<wire::Failure>(message.result)));
  }
  return Bytes(std::move(out).take());
}

Bytes encode_ack(std::uint32_t number) {
  ProtoWriter out;
  out.varint(1, number);
  return Bytes(std::move(out).take());
}

wire::Notification run_completion(ProposeRunCompletion proposal) {
  wire::Notification notification;
  notification.type = wire::EntryType::kRunCompletion;
  notification.id = proposal.completion;
  if (auto* value = std::get_if<Bytes>(&proposal.result)) {
    notification.result = std::move(*value);
  } else {
    notification.result = std::get<wire::Failure>(std::move(proposal.result));
  }
  return notification;
}

}  // namespace restate::protocol
