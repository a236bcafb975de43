#include "fixture.h"
#include "partition/tables.h"
#include "support/partition.h"

using namespace restate;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMiB = 1 << 20;

/// Asks for something whose answer may take a while.
template <class T>
std::shared_ptr<std::optional<Result<T>>> ask(testing::WorkerNode& node,
                                              Function<void(Completion<T>)> start) {
  auto answer = std::make_shared<std::optional<Result<T>>>();
  Shard& shard = node.world.shard();
  shard.post([&shard, answer, start = std::move(start)]() mutable {
    start(Completion<T>(shard, [answer](Result<T> result) { answer->emplace(std::move(result)); }));
  });
  return answer;
}

wire::PatchState patch_of(std::uint64_t key, std::size_t bytes) {
  wire::PatchState patch;
  patch.target.type = wire::ServiceType::kVirtualObject;
  patch.target.service = "Counter";
  patch.target.key = "k";
  patch.key = PartitionKey{key};
  patch.state["n"] = Bytes(std::string(bytes, 'x'));
  return patch;
}

}  // namespace

TEST_CASE("while the log is behind everybody who can be refused is", "[worker][pressure]") {
  testing::WorkerNode node(1, testing::worker_options(), 1);
  REQUIRE(node.all_lead());
  node.node.disk().set_sync_time(10s, 10s);
  const auto patch = [&](std::size_t bytes) {
    return ask<void>(node, [&node, bytes](Completion<void> done) {
      node.parts->client.patch_state(patch_of(1, bytes), std::move(done));
    });
  };
  // All in one turn: what is only gathered counts, too.
  std::vector<std::shared_ptr<std::optional<Result<void>>>> accepted;
  for (int i = 0; i < 8; ++i) accepted.push_back(patch(8 * kMiB));
  const auto refused = patch(1);
  node.world.run_for(100ms);
  REQUIRE(refused->has_value());
  CHECK(**refused == Code::kOverloaded);
  for (const auto& one : accepted) CHECK_FALSE(one->has_value());

  InvocationId invocation;
  invocation.key = PartitionKey{1};
  const auto signal = ask<void>(node, [&](Completion<void> done) {
    wire::NotifySignal record;
    record.invocation = invocation;
    node.parts->client.signal(std::move(record), std::move(done));
  });
  const auto kill = ask<worker::OperationReply>(
      node, [&](Completion<worker::OperationReply> done) {
        node.parts->client.terminate(invocation, wire::Terminate::Flavor::kKill, RequestId{},
                                     std::move(done));
      });
  const auto invoke = ask<worker::InvokeReply>(node, [&](Completion<worker::InvokeReply> done) {
    wire::ServiceInvocation call;
    call.id = invocation;
    node.parts->client.invoke(std::move(call), RequestId{}, worker::WaitFor::kAppended,
                              std::move(done));
  });
  const auto message = ask<void>(node, [&](Completion<void> done) {
    std::vector<wire::Envelope> batch;
    batch.push_back({wire::PartitionDedup{PartitionId{7}, 1}, patch_of(1, 1)});
    node.parts->router.deliver(node.world.shard(), PartitionId{0}, std::move(batch),
                               std::move(done));
  });
  node.world.run_for(100ms);
  REQUIRE(signal->has_value());
  CHECK(**signal == Code::kOverloaded);
  REQUIRE(kill->has_value());
  CHECK(**kill == Code::kOverloaded);
  REQUIRE(invoke->has_value());
  CHECK(**invoke == Code::kOverloaded);
  REQUIRE(message->has_value());
  CHECK(**message == Code::kOverloaded);

  node.node.disk().set_sync_time(1ms, 1ms);
  node.world.run_for(1min);
  for (const auto& one : accepted) {
    REQUIRE(one->has_value());
    CHECK(**one);
  }
  CHECK(node.patch(0));
}

TEST_CASE("large records that wait to be applied are bounded by their bytes",
          "[worker][pressure]") {
  testing::WorkerNode node(2, testing::worker_options(), 1);
  REQUIRE(node.all_lead());
  node.world.set_fault("storage/commit/overloaded", 1'000'000);
  for (int i = 0; i < 30; ++i) REQUIRE(node.patch(0, 2 * kMiB));
  node.world.run_for(10s);
  CHECK(node.processor(0).pending_bytes() >= worker::limits::kPendingBytes);
  CHECK(node.processor(0).pending_bytes() <= worker::limits::kPendingBytes + 8 * kMiB);
  const std::uint64_t applied = node.processor(0).machine().applied();

  node.world.set_fault("storage/commit/overloaded", 0);
  REQUIRE(node.world.run_until(
      [&] { return node.processor(0).machine().applied() == 1 + 30; }, 1min));
  CHECK(applied < 1 + 30);
  CHECK(node.processor(0).pending_bytes() == 0);
  CHECK(node.leads(0));
}

TEST_CASE("a storm of timers waits for the log, and the leader stays", "[worker][pressure]") {
  constexpr std::size_t kTimers = 20'000;
  worker::WorkerOptions options = testing::worker_options();
  options.proposal_bytes = kMiB;
  options.loaded_timers = 4096;
  testing::WorkerNode node(3, options, 1);
  REQUIRE(node.all_lead());
  const WallTime due = node.world.shard().wall_now().plus(3'600'000);
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < kTimers; ++i) {
    wire::Invoke invoke;
    InvocationId& id = invoke.invocation.id;
    id.key = PartitionKey{1};
    id.uuid.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    id.uuid.bytes[15] = static_cast<std::uint8_t>(i);
    // One after the other, so that nearly all of them only come into the inbox.
    invoke.invocation.target.type = wire::ServiceType::kVirtualObject;
    invoke.invocation.target.service = "Counter";
    invoke.invocation.target.key = "k";
    invoke.invocation.target.handler = "add";
    invoke.invocation.execution_time = due;
    bodies.emplace_back(wire::encode(wire::Envelope{{}, std::move(invoke)}).view());
    if (bodies.size() < 1000) continue;
    REQUIRE(node.node.append(bifrost::LogId{0}, bodies).has_value());
    bodies.clear();
  }
  const std::uint64_t scheduled = node.node.find_tail(bifrost::LogId{0})->next.value;
  node.node.disk().set_sync_time(10s, 10s);
  node.world.node(0).jump_wall_clock(2h);
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    node.world.run_for(200ms);
    most = std::max(most, node.processor(0).proposer().weight());
  }
  CHECK(node.leads(0));
  CHECK(most >= kMiB);
  CHECK(most < 2 * kMiB);

  node.node.disk().set_sync_time(1ms, 1ms);
  CHECK(node.world.run_until(
      [&] {
        return node.processor(0).machine().applied() + 1 >= scheduled + kTimers;
      },
      5min));
  CHECK(node.leads(0));
  CHECK(node.lines.count("stepping down") == 0);
}

TEST_CASE("a batch is bounded by the rows that small records make", "[worker][pressure]") {
  constexpr std::size_t kRestarts = 64;
  testing::WorkerNode node(4, testing::worker_options(), 1);
  REQUIRE(node.all_lead());
  const InvocationId original = testing::make_id(1);
  node.append(0, testing::invoke(original, testing::service(),
                                 {.retention = {86'400'000, 86'400'000}}));
  for (int i = 0; i < 4; ++i) {
    node.append(0, testing::set_state(original, "key", Bytes(std::string(kMiB, 'x'))));
  }
  node.append(0, testing::output(original, Bytes("done")));
  node.append(0, testing::ended(original));
  node.world.run_for(1s);
  const worker::PartitionProcessor& processor = node.processor(0);
  REQUIRE(processor.machine().tables().find_invocation(original).value()->status ==
          partition::Status::kCompleted);

  const std::uint64_t before = processor.machine().applied();
  node.world.set_fault("storage/commit/overloaded", 1'000'000);
  std::vector<std::string> bodies;
  for (std::uint8_t i = 0; i < kRestarts; ++i) {
    wire::RestartAsNew restart;
    restart.invocation = original;
    restart.new_invocation = testing::make_id(static_cast<std::uint8_t>(100 + i));
    restart.copy_up_to = 5;
    bodies.emplace_back(wire::encode(wire::Envelope{{}, std::move(restart)}).view());
  }
  REQUIRE(node.node.append(bifrost::LogId{0}, bodies).has_value());
  node.world.run_for(1s);
  // The first batch waits for the store; the others are not made yet.
  CHECK(processor.machine().applied() - before == 1);
  CHECK(processor.machine().batch_bytes() > 4 * kMiB);
  CHECK(processor.machine().batch_bytes() < 5 * kMiB);

  node.world.set_fault("storage/commit/overloaded", 0);
  CHECK(node.world.run_until(
      [&] { return processor.machine().applied() >= before + kRestarts; }, 1min));
  CHECK(processor.machine().tables().find_invocation(testing::make_id(163)).value());
  CHECK(node.leads(0));
}
