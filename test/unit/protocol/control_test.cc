#include "protocol/control.h"

#include "common/utf8.h"
#include "protocol/frame.h"
#include "support/catch.h"
#include "support/vectors.h"
#include "wire/entry.h"

using namespace restate;
using namespace restate::protocol;
using wire::AwaitTree;
using wire::Combinator;
using wire::CompletionId;
using wire::SignalIndex;
using wire::SignalName;

namespace {

Bytes hex(std::string_view text) { return Bytes(testing::from_hex(text)); }

template <class Message>
DocCode code_of(const Decoded<Message>& decoded) {
  const auto* error = std::get_if<ProtocolError>(&decoded);
  return error == nullptr ? DocCode::kNone : error->code;
}

template <class Message>
Message value_of(Decoded<Message> decoded) {
  if (const auto* error = std::get_if<ProtocolError>(&decoded)) FAIL(error->message);
  return std::get<Message>(std::move(decoded));
}

}  // namespace

TEST_CASE("recorded control messages come back byte for byte", "[protocol][control][vectors]") {
  int seen = 0;
  for (const auto& frame : testing::recorded_frames()) {
    if (frame.type == 0x0000 || frame.type == 0x0003 || frame.type >= 0x0400) continue;
    ++seen;
    INFO(frame.message << " " << frame.decoded.dump());
    const Bytes payload = Bytes(frame.bytes).slice(8);
    switch (static_cast<ControlType>(frame.type)) {
      case ControlType::kSuspension: {
        const auto message = value_of(decode_suspension(payload, frame.protocol, 1000));
        const Bytes again = encode(message, frame.protocol);
        // The recording of protocol 6 comes from an endpoint that does not pack.
        CHECK(value_of(decode_suspension(again, frame.protocol, 1000)) == message);
        if (frame.protocol == 7) CHECK(again == payload);
        break;
      }
      case ControlType::kError: CHECK(encode(value_of(decode_error(payload))) == payload); break;
      case ControlType::kProposeRunCompletion:
        CHECK(encode(value_of(decode_propose_run_completion(payload))) == payload);
        break;
      case ControlType::kAwaitingOn:
        CHECK(encode(value_of(decode_awaiting_on(payload, 1000))) == payload);
        break;
      case ControlType::kCommandAck:
      case ControlType::kProposeRunCompletionAck:
        CHECK(encode_ack(value_of(decode_ack(payload))) == payload);
        break;
      case ControlType::kStart:
      case ControlType::kEnd: break;
    }
  }
  CHECK(seen >= 8);
}

TEST_CASE("suspensions of protocols 5 and 6 are one flat set", "[protocol][control]") {
  AwaitTree flat;
  flat.leaves = {CompletionId{1}, CompletionId{300}, SignalIndex{1}, SignalName{"n"}};
  // Unpacked, packed, and in another order of fields.
  for (const char* bytes : {"080108ac0210011a016e", "0a0301ac021201011a016e", "1a016e10010a0301ac02"}) {
    CAPTURE(bytes);
    CHECK(value_of(decode_suspension(hex(bytes), 6, 1000)).awaiting == flat);
  }
  CHECK(encode(Suspension{flat}, 6) == hex("0a0301ac021201011a016e"));
  CHECK(code_of(decode_suspension(Bytes(), 6, 1000)) == DocCode::kProtocolViolation);
}

TEST_CASE("suspensions of protocol 7 are trees", "[protocol][control]") {
  const Bytes recorded = hex("220d12010122060a0203042802" "2801");
  AwaitTree inner{Combinator::kAllCompleted, {CompletionId{3}, CompletionId{4}}, {}};
  const AwaitTree tree{Combinator::kFirstCompleted, {SignalIndex{1}}, {inner}};
  CHECK(value_of(decode_suspension(recorded, 7, 1000)).awaiting == tree);
  CHECK(encode(Suspension{tree}, 7) == recorded);

  SECTION("without a tree") {
    CHECK(code_of(decode_suspension(Bytes(), 7, 1000)) == DocCode::kProtocolViolation);
    CHECK(code_of(decode_suspension(hex("0801"), 7, 1000)) == DocCode::kProtocolViolation);
  }
  SECTION("with an empty node") {
    AwaitTree hollow = tree;
    hollow.nested.push_back({Combinator::kAllCompleted, {}, {}});
    CHECK(code_of(decode_suspension(encode(Suspension{hollow}, 7), 7, 1000)) ==
          DocCode::kProtocolViolation);
    CHECK(code_of(decode_suspension(encode(Suspension{}, 7), 7, 1000)) ==
          DocCode::kProtocolViolation);
  }
  SECTION("with a combinator nobody knows") {
    CHECK(code_of(decode_suspension(hex("22040801" "2805"), 7, 1000)) ==
          DocCode::kProtocolViolation);
  }
  SECTION("too deep") {
    CHECK(code_of(decode_suspension(recorded, 7, 1)) == DocCode::kNone);
    CHECK(code_of(decode_suspension(recorded, 7, 0)) == DocCode::kFutureTooDeep);
  }
}

TEST_CASE("a tree of a million levels is refused without recursion into it", "[protocol][control]") {
  // Each level is a field 4 whose length is the rest; the lengths lie, but only beyond the limit.
  std::string bytes;
  std::size_t rest = 0;
  std::vector<std::string> levels;
  for (int i = 0; i < 20000; ++i) {
    std::string head = "\x22";
    for (std::size_t n = rest; ; n >>= 7) {
      head.push_back(static_cast<char>((n & 0x7F) | (n >= 0x80 ? 0x80 : 0)));
      if (n < 0x80) break;
    }
    rest += head.size();
    levels.push_back(std::move(head));
  }
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) bytes += *level;
  CHECK(code_of(decode_suspension(Bytes(bytes), 7, 1000)) == DocCode::kFutureTooDeep);
}

TEST_CASE("a suspension on millions is refused, whatever shape it has", "[protocol][control]") {
  const auto refused = [](const wire::AwaitTree& tree, std::uint16_t protocol) {
    return code_of(decode_suspension(encode(Suspension{tree}, protocol), protocol, 1000));
  };
  wire::AwaitTree many;
  const wire::AwaitTree one{wire::Combinator::kUnknown, {wire::CompletionId{1}}, {}};
  SECTION("completions") { many.leaves.assign(kMostAwaited, wire::CompletionId{7}); }
  SECTION("signals") { many.leaves.assign(kMostAwaited, wire::SignalIndex{17}); }
  SECTION("names") { many.leaves.assign(kMostAwaited, wire::SignalName{"n"}); }
  CHECK(refused(many, 6) == DocCode::kNone);
  CHECK(refused(many, 7) == DocCode::kNone);
  many.nested.push_back(one);
  CHECK(refused(many, 7) == DocCode::kFutureTooDeep);
  many.nested.clear();
  many.leaves.push_back(wire::CompletionId{8});
  CHECK(refused(many, 6) == DocCode::kFutureTooDeep);
  CHECK(refused(many, 7) == DocCode::kFutureTooDeep);
  many.leaves.clear();
  many.nested.assign(kMostAwaited / 2, one);
  CHECK(refused(many, 7) == DocCode::kNone);
  many.nested.push_back(one);
  CHECK(refused(many, 7) == DocCode::kFutureTooDeep);
}

TEST_CASE("long texts of an error are cut", "[protocol][control]") {
  ErrorMessage m;
  m.message = std::string(11 << 20, '\x01');
  m.stacktrace = std::string(kLongestErrorText, 's');
  m.related_command_name = "\u20ac";
  while (m.related_command_name->size() <= kLongestErrorText) *m.related_command_name += "\u20ac";
  const auto error = value_of(decode_error(encode(m)));
  CHECK(error.message.size() == kLongestErrorText);
  CHECK(error.message.ends_with(" [cut: 11534336 bytes]"));
  CHECK(error.stacktrace == m.stacktrace);
  CHECK(error.related_command_name->size() <= kLongestErrorText);
  CHECK(is_utf8(*error.related_command_name));
}

TEST_CASE("an error keeps what the SDK knows of it", "[protocol][control]") {
  const auto error = value_of(decode_error(encode([] {
    ErrorMessage m;
    m.code = 570;
    m.message = "mismatch";
    m.stacktrace = "at x";
    m.related_command_index = 0;
    m.related_command_name = "";
    m.related_command_type = 0x0411;
    m.next_retry_delay_ms = 0;
    m.behavior = ErrorMessage::Behavior::kFail;
    return m;
  }())));
  CHECK(error.related_command_index == 0u);
  CHECK(error.related_command_name == std::optional<std::string>(""));
  CHECK(error.next_retry_delay_ms == std::uint64_t{0});
  CHECK(error.behavior == ErrorMessage::Behavior::kFail);
  CHECK(doc_code_of_sdk_error(error.code) == DocCode::kJournalMismatch);
  CHECK(doc_code_of_sdk_error(571) == DocCode::kProtocolViolation);
  CHECK(doc_code_of_sdk_error(500) == DocCode::kSdkError);

  CHECK(value_of(decode_error(Bytes())).code == 0);
  CHECK(value_of(decode_error(hex("0880800408" "80800c"))).code == 500);  // beyond 16 bits
  CHECK(code_of(decode_error(hex("0a"))) == DocCode::kProtocolViolation);
}

TEST_CASE("a proposal becomes the notification of its run", "[protocol][control]") {
  const auto value = value_of(decode_propose_run_completion(hex("080272027276")));
  CHECK(wire::encode_notification(run_completion(value)) == hex("08022a040a027276"));
  const auto failure =
      value_of(decode_propose_run_completion(hex("08037a1008990312036261641a060a016b120176")));
  CHECK(wire::encode_notification(run_completion(failure)) ==
        hex("0803321008990312036261641a060a016b120176"));
  CHECK(code_of(decode_propose_run_completion(hex("0802"))) == DocCode::kProtocolViolation);
  // An empty result is a result.
  CHECK(value_of(decode_propose_run_completion(hex("08027200"))).result ==
        wire::InvocationResult(Bytes()));
}
