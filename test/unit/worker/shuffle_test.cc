#include "worker/shuffle.h"

#include "support/catch.h"

#include <restate/testing/world.h>

#include <map>

using namespace restate;
using namespace std::chrono_literals;

namespace {

/// An outbox, and destinations that can be slow or refuse. Even sequences go to one partition, odd
/// ones to another.
struct ShuffleFixture {
  struct Sent {
    PartitionId destination;
    std::vector<std::uint64_t> sequences;
    Completion<void> done;
  };

  explicit ShuffleFixture(std::uint64_t seed) : world{testing::Seed{seed}} {
    shuffle.emplace(
        world.shard(),
        [this](std::uint64_t from, std::size_t most, std::size_t bytes) {
          ++looks;
          std::vector<worker::OutboxRow> found;
          std::size_t weight = 0;
          for (auto row = rows.lower_bound(from); row != rows.end(); ++row) {
            found.push_back({row->first, row->second});
            weight += worker::Shuffle::weight(row->second);
            if (found.size() == most || weight >= bytes) break;
          }
          return found;
        },
        [](const wire::OutboxMessage& message) {
          return PartitionId{
              static_cast<std::uint16_t>(std::get<wire::Terminate>(message).invocation.key.value)};
        },
        [this](PartitionId destination, std::vector<worker::OutboxRow> messages,
               Completion<void> done) {
          std::vector<std::uint64_t> sequences;
          for (const auto& row : messages) sequences.push_back(row.sequence);
          under_way.push_back({destination, std::move(sequences), std::move(done)});
        },
        [this](std::uint64_t upto) {
          ++truncations;
          arrived = upto;
          rows.erase(rows.begin(), rows.upper_bound(upto));
        });
  }
  ~ShuffleFixture() {
    while (!under_way.empty()) answer();
  }

  wire::OutboxMessage message(std::uint64_t sequence) {
    wire::Terminate terminate;
    terminate.invocation.key.value = sequence % 2;
    return terminate;
  }
  void write(std::uint64_t sequence) {
    rows[sequence] = message(sequence);
    shuffle->on_message(sequence, rows[sequence]);
  }
  void settle() { world.run_for(1ms); }
  /// Answers the append at `index`: accepted, with the high-water mark that receivers keep, or not.
  void answer(std::size_t index = 0, const std::optional<Error>& error = {}) {
    Sent sent = std::move(under_way[index]);
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(index));
    if (error) return sent.done(*error);
    std::uint64_t& next = accepted_next[sent.destination];
    for (const std::uint64_t sequence : sent.sequences) {
      if (sequence < next) continue;
      accepted.push_back(sequence);
      next = sequence + 1;
    }
    sent.done(Result<void>());
  }
  void answer_until_idle() {
    for (settle(); !under_way.empty(); settle()) answer();
  }

  testing::World world;
  std::map<std::uint64_t, wire::OutboxMessage> rows;
  std::vector<Sent> under_way;
  std::vector<std::uint64_t> accepted;
  std::map<PartitionId, std::uint64_t> accepted_next;
  std::optional<std::uint64_t> arrived;
  int truncations = 0;
  int looks = 0;  ///< into the table
  std::optional<worker::Shuffle> shuffle;
};

using Sequences = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("rows below the head are not looked for", "[worker][shuffle]") {
  testing::World world{testing::Seed{9}};
  std::vector<std::uint64_t> asked;
  worker::Shuffle shuffle(
      world.shard(),
      [&](std::uint64_t from, std::size_t, std::size_t) {
        asked.push_back(from);
        return std::vector<worker::OutboxRow>();
      },
      [](const wire::OutboxMessage&) { return PartitionId{}; },
      [](PartitionId, std::vector<worker::OutboxRow>, Completion<void>) {},
      [](std::uint64_t) {});
  shuffle.start(5'000'000);
  world.run_for(1ms);
  CHECK(asked == std::vector<std::uint64_t>{5'000'000});
}

TEST_CASE("who is behind reads many rows at a look", "[worker][shuffle]") {
  ShuffleFixture f(8);
  for (std::uint64_t i = 0; i < 5000; ++i) f.rows[i] = f.message(i);
  f.shuffle->start(0);
  f.answer_until_idle();
  CHECK(f.accepted.size() == 5000);
  CHECK(f.rows.empty());
  CHECK(f.looks < 100);
}

TEST_CASE("an outbox with holes is sent from its first row", "[worker]") {
  ShuffleFixture f(1);
  for (const std::uint64_t sequence : {3, 4, 9}) f.rows[sequence] = f.message(sequence);
  f.shuffle->start(0);
  f.settle();
  REQUIRE(f.under_way.size() == 2);
  CHECK(f.under_way[0].sequences == Sequences{4});
  CHECK(f.under_way[1].sequences == Sequences{3, 9});
  f.answer_until_idle();
  CHECK(f.arrived == 9u);
  CHECK(f.rows.empty());
}

TEST_CASE("a destination has one append on its way, and the next carries what came meanwhile",
          "[worker]") {
  ShuffleFixture f(5);
  f.shuffle->start(0);
  f.write(0);
  f.settle();
  for (const std::uint64_t sequence : {2, 4, 6}) f.write(sequence);
  f.settle();
  REQUIRE(f.under_way.size() == 1);
  CHECK(f.under_way[0].sequences == Sequences{0});
  f.answer();
  f.settle();
  REQUIRE(f.under_way.size() == 1);
  CHECK(f.under_way[0].sequences == Sequences{2, 4, 6});
  f.answer_until_idle();
  CHECK(f.truncations == 2);  // once per append, not once per message
}

TEST_CASE("a message that is refused is not overtaken by a later one", "[worker]") {
  ShuffleFixture f(6);
  f.shuffle->start(0);
  f.write(0);
  f.settle();
  f.write(2);
  f.answer(0, Error{Code::kNotLeader, "not yet"});
  f.settle();
  f.write(4);
  f.settle();
  CHECK(f.under_way.empty());
  f.world.run_for(2s);
  f.answer_until_idle();
  CHECK(f.accepted == Sequences{0, 2, 4});
  CHECK(f.arrived == 4u);
}

TEST_CASE("only what has arrived without a gap is truncated", "[worker]") {
  ShuffleFixture f(2);
  f.shuffle->start(0);
  f.write(0);
  f.write(1);
  f.settle();
  f.answer(1);  // 1 arrives before 0
  f.settle();
  CHECK_FALSE(f.arrived.has_value());
  f.answer_until_idle();
  CHECK(f.arrived == 1u);
}

TEST_CASE("after a failure everything from the oldest unconfirmed message is sent again", "[worker]") {
  ShuffleFixture f(3);
  f.shuffle->start(0);
  for (std::uint64_t i = 0; i < 4; ++i) f.write(i);
  f.settle();
  f.answer(0, Error{Code::kUnavailable, "lost"});
  f.write(5);  // while it waits
  f.answer(0);  // 1 and 3, of the round that failed
  CHECK(f.accepted == Sequences{1, 3});
  f.world.run_for(2s);
  f.answer_until_idle();
  CHECK(f.accepted == Sequences{1, 3, 0, 2, 5});
  CHECK(f.arrived == 5u);
}

TEST_CASE("the window bounds what is under way", "[worker]") {
  ShuffleFixture f(4);
  f.shuffle->start(0);
  const std::uint64_t count = worker::limits::kShuffleWindow + 50;
  for (std::uint64_t i = 0; i < count; ++i) f.write(i);
  f.settle();
  std::size_t messages = 0;
  for (const auto& sent : f.under_way) messages += sent.sequences.size();
  CHECK(messages <= worker::limits::kShuffleWindow);
  f.answer_until_idle();
  CHECK(f.accepted.size() == count);
  CHECK(f.arrived == count - 1);
}

TEST_CASE("a message weighs what it carries", "[worker][shuffle]") {
  const Bytes payload(std::string(100'000, 'x'));
  const auto weigh = [](wire::OutboxMessage message) { return worker::Shuffle::weight(message); };
  wire::NotifySignal signal;
  signal.result = payload;
  CHECK(weigh(signal) > payload.size());
  signal.signal = wire::SignalName{std::string(50'000, 'n')};
  CHECK(weigh(signal) > payload.size() + 50'000);
  signal.result = wire::Failure{500, std::string(200'000, 'm'), {}};
  CHECK(weigh(signal) > 250'000);
  wire::InvocationResponse response;
  response.result = payload;
  CHECK(weigh(response) > payload.size());
  response.result = wire::Failure{500, "", {{std::string(10'000, 'k'), std::string(20'000, 'v')}}};
  CHECK(weigh(response) > 30'000);
  wire::Invoke invoke;
  invoke.invocation.argument = payload;
  invoke.invocation.target.key = std::string(1000, 'k');
  invoke.invocation.source.target.emplace().key = std::string(2000, 'c');
  invoke.invocation.headers = {{std::string(3000, 'n'), std::string(4000, 'v')}};
  CHECK(weigh(invoke) > payload.size() + 10'000);
  CHECK(weigh(wire::Terminate{}) < 1000);
}
