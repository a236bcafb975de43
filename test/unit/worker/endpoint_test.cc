// What endpoints and clients send never costs a partition its leader.

#include "partition/tables.h"
#include "protocol/control.h"
#include "protocol/exchange.h"
#include "protocol/frame.h"
#include "unit/worker/stage.h"
#include "wire/entry.h"

using namespace restate;
using namespace restate::worker;
using namespace restate::worker::testing;
using restate::testing::make_id;
using restate::testing::make_request;

namespace {

const InvocationId kLoud = make_id(1);
const InvocationId kNeighbour = make_id(2);

/// A leader with two invocations that wait for what their endpoints say.
struct EndpointFixture {
  explicit EndpointFixture(std::uint64_t seed, WorkerOptions options = {})
      : stage(seed), member(stage.leader(options)), epoch(member.processor->leader()->epoch()) {
    for (const InvocationId& id : {kLoud, kNeighbour}) {
      stage.write({wire::Envelope{
          wire::NoDedup{}, ::restate::testing::invoke(id, ::restate::testing::service(),
                                                      {.retention = {86'400'000, 86'400'000}})}});
    }
    stage.settle();
    REQUIRE(member.endpoints.listeners.size() == 2);
  }
  /// The endpoint of `id` answers with these messages, and says no more.
  void say(const InvocationId& id, ByteChain messages) {
    stage.world.shard().post([this, &id, &messages] {
      invoker::AttemptListener& listener = *member.endpoints.listeners.at(id);
      const std::string type = protocol::invocation_content_type(5);
      listener.on_head({200, type, std::nullopt, std::nullopt});
      listener.on_data(Bytes(join(messages)));
    });
    stage.settle();
  }
  void say(const InvocationId& id, protocol::ControlType type, Bytes payload) {
    ByteChain message;
    protocol::append_frame(message, type, std::move(payload));
    say(id, std::move(message));
  }
  partition::Status status(const InvocationId& id) const { return member.status(id)->status; }
  /// The leader is who it was, and the neighbour gets on.
  void check_leader() {
    REQUIRE(member.leads());
    CHECK(member.processor->leader()->epoch() == epoch);
    ByteChain messages;
    protocol::append_frame(
        messages, wire::EntryType::kOutput,
        wire::encode_entry(wire::EntryType::kOutput, wire::OutputEntry{Bytes("done")}));
    protocol::append_frame(messages, protocol::ControlType::kEnd, Bytes());
    say(kNeighbour, std::move(messages));
    CHECK(status(kNeighbour) == partition::Status::kCompleted);
    CHECK(member.processor->leader()->epoch() == epoch);
  }

  WorkerStage stage;
  Member& member;
  const LeaderEpoch epoch;
};

}  // namespace

TEST_CASE("an endpoint that suspends on millions of results pauses its invocation alone",
          "[worker][limits]") {
  EndpointFixture f(1);
  protocol::Suspension suspension;
  suspension.awaiting.leaves.assign(5'600'000, wire::CompletionId{1});
  f.say(kLoud, protocol::ControlType::kSuspension, protocol::encode(suspension, 5));
  CHECK(f.status(kLoud) == partition::Status::kPaused);
  f.check_leader();
}

TEST_CASE("what cannot be stored ends as the policy of the handler says", "[worker][limits]") {
  WorkerOptions options;
  options.invoker.message_size_limit = 256u << 20;
  options.invoker.defaults.retry_kill = GENERATE(false, true);
  EndpointFixture f(2, options);
  ByteChain messages;
  protocol::append_frame(messages, wire::EntryType::kRun,
                         wire::encode_entry(wire::EntryType::kRun, wire::RunEntry{{1}}));
  protocol::append_frame(
      messages, wire::EntryType::kOutput,
      wire::encode_entry(wire::EntryType::kOutput,
                         wire::OutputEntry{Bytes(std::string(65u << 20, 'x'))}));
  protocol::append_frame(messages, protocol::ControlType::kEnd, Bytes());
  f.say(kLoud, std::move(messages));
  CHECK(f.status(kLoud) == (options.invoker.defaults.retry_kill ? partition::Status::kCompleted
                                                                : partition::Status::kPaused));
  CHECK(f.member.status(kLoud)->journal.length == 2);
  f.check_leader();
}

TEST_CASE("an error as long as a message is kept in part", "[worker][limits]") {
  EndpointFixture f(3);
  protocol::ErrorMessage error;
  error.message = std::string(11u << 20, '\x01');
  error.stacktrace = std::string(11u << 20, '\x02');
  SECTION("when the attempt is repeated") {}
  SECTION("when it pauses") { error.behavior = protocol::ErrorMessage::Behavior::kPause; }
  f.say(kLoud, protocol::ControlType::kError, protocol::encode(error));
  std::size_t bytes = 0;
  REQUIRE(f.member.processor->machine().tables().scan_events(kLoud, [&](partition::EventRow&& row) {
    bytes += row.event.json.size();
    return true;
  }));
  CHECK(bytes > protocol::kLongestErrorText);
  CHECK(bytes < 16 * protocol::kLongestErrorText);
  f.check_leader();
}

TEST_CASE("requests that no record can hold are refused", "[worker][limits]") {
  EndpointFixture f(4);
  SECTION("a state") {
    wire::PatchState patch;
    patch.target = ::restate::testing::object("k");
    for (int i = 0; i < 70; ++i) patch.state[std::to_string(i)] = Bytes(std::string(1u << 20, 'x'));
    CHECK(f.stage.ask<void>([&](Completion<void> done) {
      f.member.client.patch_state(std::move(patch), std::move(done));
    }) == Code::kInvalidArgument);
  }
  SECTION("an argument") {
    const WaitFor wait = GENERATE(WaitFor::kAppended, WaitFor::kSubmitted, WaitFor::kOutput);
    wire::ServiceInvocation call;
    call.id = make_id(3);
    call.target = ::restate::testing::service();
    call.argument = Bytes(std::string(65u << 20, 'x'));
    CHECK(f.stage
              .ask<InvokeReply>([&](Completion<InvokeReply> done) {
                f.member.client.invoke(std::move(call), make_request(1), wait, std::move(done));
              })
              .error()
              .code == Code::kInvalidArgument);
  }
  f.check_leader();
}

TEST_CASE("a result that no run has asked for does not keep an attempt from being repeated",
          "[worker]") {
  EndpointFixture f(5);
  ByteChain messages;
  const auto propose = [&](std::uint32_t completion) {
    protocol::append_frame(messages, protocol::ControlType::kProposeRunCompletion,
                           protocol::encode(protocol::ProposeRunCompletion{
                               wire::CompletionId{completion}, Bytes("result")}));
  };
  std::uint32_t entries = 1;
  SECTION("of a run that there is not") { propose(9); }
  SECTION("of a run that has one") {
    protocol::append_frame(messages, wire::EntryType::kRun,
                           wire::encode_entry(wire::EntryType::kRun, wire::RunEntry{{1}}));
    propose(1);
    propose(1);
    entries = 3;
  }
  SECTION("of a command that is no run") {
    protocol::append_frame(
        messages, wire::EntryType::kSleep,
        wire::encode_entry(wire::EntryType::kSleep, wire::SleepEntry{WallTime{UINT64_MAX}, {1}}));
    propose(1);
    entries = 2;
  }
  protocol::append_frame(messages, protocol::ControlType::kError,
                         protocol::encode(protocol::ErrorMessage{}));
  f.say(kLoud, std::move(messages));
  CHECK(f.member.status(kLoud)->journal.length == entries);
  CHECK(f.member.endpoints.attempts.at(kLoud) == 2);
  f.check_leader();
}

TEST_CASE("a call whose message no record could hold is not stored", "[worker][limits]") {
  EndpointFixture f(6);
  const InvocationId caller = make_id(3);
  wire::InvocationTarget target = ::restate::testing::service();
  target.type = wire::ServiceType::kVirtualObject;
  target.handler_type = wire::HandlerType::kShared;
  target.key = std::string(36u << 20, 'k');
  f.stage.write({wire::Envelope{wire::NoDedup{}, ::restate::testing::invoke(caller, target)}});
  f.stage.settle();
  wire::CallEntry call;
  call.request.service = "Greeter";
  call.request.handler = "greet";
  call.request.parameter = Bytes(std::string(30u << 20, 'x'));
  call.invocation_id_completion = {1};
  call.completion = {2};
  ByteChain messages;
  protocol::append_frame(messages, wire::EntryType::kCall,
                         wire::encode_entry(wire::EntryType::kCall, call));
  f.say(caller, std::move(messages));
  CHECK(f.status(caller) == partition::Status::kPaused);
  CHECK(f.member.status(caller)->journal.length == 1);
  std::size_t outbox = 0;
  REQUIRE(f.member.processor->machine().tables().scan_outbox(
      0, [&](std::uint64_t, wire::OutboxMessage&&) {
        ++outbox;
        return true;
      }));
  CHECK(outbox == 0);
  f.check_leader();
}
