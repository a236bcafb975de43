#include "invoker/machine/attempt.h"
#include "protocol/control.h"
#include "protocol/start_message.h"
#include "support/catch.h"
#include "unit/invoker/stage_text.h"
#include "wire/entry.h"

#include <variant>

using namespace restate;
using namespace restate::invoker;

namespace {

AttemptPlan plan() {
  AttemptPlan result;
  result.input.target.service = "Greeter";
  result.input.target.handler = "greet";
  result.input.journal_length = 1;
  result.message_size_limit = 1 << 20;
  return result;
}

std::vector<wire::JournalEntry> input() {
  wire::JournalEntry entry;
  entry.body = wire::encode_entry(wire::EntryType::kInput, wire::InputEntry{{}, Bytes("hi")});
  return {entry};
}

protocol::ResponseHeadView good_head() {
  protocol::ResponseHeadView head;
  head.status = 200;
  head.content_type = "application/vnd.restate.invocation.v6";
  return head;
}

/// All that matters of effects, whatever the grouping of bytes; waiting times are left out.
std::string show(const Effects& effects) {
  std::string out;
  for (const Effect& effect : effects) {
    if (const auto* propose = std::get_if<Propose>(&effect)) {
      out += invoker::testing::show(propose->effect) + "\n";
    } else if (std::holds_alternative<CloseInput>(effect)) {
      out += "close\n";
    } else if (const auto* over = std::get_if<AttemptOver>(&effect)) {
      out += "over " + std::to_string(over->outcome.index()) + "\n";
    } else if (const auto* send = std::get_if<SendFrames>(&effect)) {
      out += "send " + std::to_string(total_size(send->chain)) + "\n";
    }
  }
  return out;
}

std::string conversation() {
  ByteChain chain;
  protocol::append_frame(chain, wire::EntryType::kRun,
                         wire::encode_entry(wire::EntryType::kRun, wire::RunEntry{{1}}, "step"));
  protocol::append_frame(chain, protocol::ControlType::kProposeRunCompletion,
                         protocol::encode(protocol::ProposeRunCompletion{{1}, Bytes("result")}));
  protocol::append_frame(chain, wire::EntryType::kOutput,
                         wire::encode_entry(wire::EntryType::kOutput,
                                            wire::OutputEntry{Bytes(std::string(3000, 'o'))}));
  protocol::append_frame(chain, protocol::ControlType::kEnd, {});
  protocol::append_frame(chain, protocol::ControlType::kEnd, {});  // ignored
  return join(chain);
}

std::string play(const std::vector<std::string_view>& pieces) {
  const schema::Schema schema;
  const schema::Defaults defaults;
  Residency residency;
  Attempt attempt(plan(), residency);
  Effects effects;
  attempt.start(input(), effects);
  attempt.on_head(good_head(), {}, effects);
  for (const std::string_view piece : pieces) {
    attempt.on_data(Bytes(piece), {schema, defaults, {}}, effects);
  }
  attempt.on_end(effects);
  return show(effects);
}

}  // namespace

TEST_CASE("how the response is cut into pieces has no meaning", "[invoker][attempt]") {
  const std::string bytes = conversation();
  const std::string whole = play({bytes});
  CHECK(whole.find("over 0") != std::string::npos);

  SECTION("cut in two anywhere") {
    for (std::size_t i = 0; i <= bytes.size(); ++i) {
      const std::string_view view = bytes;
      REQUIRE(play({view.substr(0, i), view.substr(i)}) == whole);
    }
  }
  SECTION("byte by byte") {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      pieces.push_back(std::string_view(bytes).substr(i, 1));
    }
    CHECK(play(pieces) == whole);
  }
}

TEST_CASE("an attempt opens with one piece of memory", "[invoker][attempt]") {
  Residency residency;
  Attempt attempt(plan(), residency);
  Effects effects;
  attempt.start(input(), effects);
  REQUIRE(effects.size() == 2);
  CHECK(std::get<SendFrames>(effects[0]).chain.size() == 1);
  CHECK(std::get<SetTimeout>(effects[1]).kind == SetTimeout::Kind::kInactivity);
}

TEST_CASE("handlers hear of their scope, limit key and idempotency key", "[invoker][attempt]") {
  const auto start = [](std::uint16_t version, bool flow_control) {
    Residency residency;
    AttemptPlan p = plan();
    p.protocol = version;
    p.flow_control = flow_control;
    p.input.target.scope = "s";
    p.input.limit_key = "l1/l2";
    p.input.idempotency_key = "once";
    Attempt attempt(std::move(p), residency);
    Effects effects;
    attempt.start(input(), effects);
    protocol::FrameDecoder decoder(1 << 20);
    decoder.feed(Bytes(join(std::get<SendFrames>(effects.at(0)).chain)));
    protocol::Frame frame;
    REQUIRE(decoder.next(frame) == protocol::FrameDecoder::Step::kFrame);
    return protocol::decode_start(frame.payload).value();
  };
  CHECK(start(7, true).scope == "s");
  CHECK(start(7, true).limit_key == "l1/l2");
  CHECK(start(7, true).idempotency_key == "once");
  CHECK(start(7, false).scope == "s");
  CHECK_FALSE(start(7, false).limit_key);
  CHECK_FALSE(start(7, false).idempotency_key);
  CHECK_FALSE(start(6, true).scope);
  CHECK_FALSE(start(6, true).limit_key);
}

TEST_CASE("callees of one attempt get different ids, and the same ones when it is replayed",
          "[invoker][attempt]") {
  const auto callees = [](std::uint64_t random) {
    schema::Schema draft;
    schema::Deployment deployment;
    schema::ServiceRevision service;
    service.name = "Greeter";
    service.handlers["greet"].name = "greet";
    deployment.services.push_back(service);
    draft.deployments[deployment.id] = deployment;
    const schema::SchemaPtr schema = schema::snapshot(std::move(draft));
    const schema::Defaults defaults;
    Residency residency;
    AttemptPlan p = plan();
    p.random_high = random;
    p.random_low = random + 1;
    Attempt attempt(std::move(p), residency);
    Effects effects;
    attempt.start(input(), effects);
    wire::CallEntry call;
    call.request.service = "Greeter";
    call.request.handler = "greet";
    ByteChain chain;
    for (int i = 0; i < 2; ++i) {
      protocol::append_frame(chain, wire::EntryType::kCall,
                             wire::encode_entry(wire::EntryType::kCall, call));
    }
    attempt.on_data(Bytes(join(chain)), {*schema, defaults, WallTime{1000}}, effects);
    std::vector<InvocationId> ids;
    for (const Effect& effect : effects) {
      const auto* propose = std::get_if<Propose>(&effect);
      if (propose == nullptr) continue;
      if (const auto* entry = std::get_if<wire::NewEntry>(&propose->effect)) {
        ids.push_back(entry->call.value().callee);
      }
    }
    return ids;
  };
  const auto ids = callees(5);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
  CHECK(callees(5) == ids);
  CHECK(callees(6) != ids);
}
