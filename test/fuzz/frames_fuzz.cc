// Everything an endpoint may send: frames, control messages, entries.

#include "fuzz/fuzz.h"
#include "protocol/control.h"
#include "protocol/discovery.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "wire/entry.h"

#include <cstdlib>
#include <variant>

using namespace restate;

namespace {

void decode(const protocol::Frame& frame) {
  if (wire::is_known_entry(frame.type)) {
    const auto type = static_cast<wire::EntryType>(frame.type);
    if (const auto entry = wire::decode_entry(type, frame.payload)) {
      // What was understood can be written and is understood again.
      const Bytes again = wire::encode_entry(type, *entry, wire::entry_name(type, frame.payload));
      if (!wire::decode_entry(type, again)) std::abort();
    }
    return;
  }
  for (const std::uint16_t version : {std::uint16_t{6}, std::uint16_t{7}}) {
    const auto suspension = protocol::decode_suspension(frame.payload, version, 1000);
    if (const auto* message = std::get_if<protocol::Suspension>(&suspension)) {
      const auto again = protocol::decode_suspension(protocol::encode(*message, version), version, 1000);
      if (!std::holds_alternative<protocol::Suspension>(again)) std::abort();
    }
  }
  (void)protocol::decode_awaiting_on(frame.payload, 1000);
  (void)protocol::decode_error(frame.payload);
  (void)protocol::decode_propose_run_completion(frame.payload);
  (void)protocol::decode_ack(frame.payload);
  (void)protocol::decode_start(frame.payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = Bytes::copy(data, size);
  protocol::FrameDecoder decoder(1 << 20);
  protocol::Frame frame;
  // In two pieces, cut where the input says.
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  for (const Bytes& piece : {input.slice(0, cut), input.slice(cut)}) {
    decoder.feed(piece);
    while (decoder.next(frame) == protocol::FrameDecoder::Step::kFrame) decode(frame);
  }
  (void)protocol::parse_discovery(
      200, {{"content-type", "application/vnd.restate.endpointmanifest.v4+json"}}, input.view(), {});
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  const auto add = [&](std::uint16_t type, Bytes payload) {
    ByteChain chain;
    protocol::append_frame(chain, type, std::move(payload));
    seeds.push_back(join(chain));
  };
  const auto entry = [&](wire::EntryType type, const wire::EntryContent& content) {
    add(static_cast<std::uint16_t>(type), wire::encode_entry(type, content, "name"));
  };
  using wire::EntryType;
  const wire::Failure failure{409, "bad", {{"k", "v"}}};
  const wire::CallRequest call{"S", "h", "k", Bytes("p"), {{"a", "b"}}, "ik", "s", "l"};
  entry(EntryType::kInput, wire::InputEntry{{{"a", "b"}}, Bytes("x")});
  entry(EntryType::kOutput, wire::OutputEntry{failure});
  entry(EntryType::kSetState, wire::SetStateEntry{Bytes("k"), Bytes("v")});
  entry(EntryType::kGetEagerStateKeys, wire::GetEagerStateKeysEntry{{{Bytes("a"), Bytes("b")}}});
  entry(EntryType::kCall, wire::CallEntry{call, {1}, {2}});
  entry(EntryType::kOneWayCall, wire::OneWayCallEntry{call, {12345}, {1}});
  entry(EntryType::kSendSignal,
        wire::SendSignalEntry{"inv", wire::SignalName{"n"}, Bytes("v")});
  entry(EntryType::kAttachInvocation,
        wire::AttachInvocationEntry{wire::IdempotentRef{"S", "h", "ik", "k", "s"}, {3}});
  entry(EntryType::kSignalNotification,
        wire::Notification{EntryType::kSignalNotification, wire::SignalName{"n"}, failure});
  wire::AwaitTree tree{wire::Combinator::kFirstCompleted,
                       {wire::CompletionId{1}, wire::SignalIndex{300}, wire::SignalName{"n"}},
                       {{wire::Combinator::kAllCompleted, {wire::CompletionId{2}}, {}}}};
  add(0x0001, protocol::encode(protocol::Suspension{tree}, 7));
  add(0x0001, protocol::encode(protocol::Suspension{tree}, 6));
  protocol::ErrorMessage error;
  error.message = "m";
  error.related_command_index = 1;
  add(0x0002, protocol::encode(error));
  add(0x0005, protocol::encode(protocol::ProposeRunCompletion{{1}, failure}));
  protocol::StartMessage start;
  start.state = {{Bytes("a"), Bytes("b")}};
  start.key = "k";
  add(0x0000, protocol::encode(start));
  seeds.emplace_back(
      R"({"protocolMode":"BIDI_STREAM","minProtocolVersion":5,"maxProtocolVersion":6,"services":[)"
      R"({"name":"S","ty":"SERVICE","handlers":[{"name":"h","input":{"jsonSchema":{"$ref":"#/a"}}}]}]})");
  return seeds;
}
