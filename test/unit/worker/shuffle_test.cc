#include "worker/shuffle.h"

#include "support/catch.h"

#include <restate/testing/world.h>

#include <map>

using namespace restate;
using namespace std::chrono_literals;

namespace {

/// An outbox, and a destination that can be slow or refuse.
struct Fixture {
  explicit Fixture(std::uint64_t seed) : world{testing::Seed{seed}} {
    shuffle.emplace(
        world.shard(),
        [this](std::uint64_t from) -> std::optional<worker::OutboxRow> {
          const auto row = rows.lower_bound(from);
          if (row == rows.end()) return std::nullopt;
          return worker::OutboxRow{row->first, row->second};
        },
        [this](std::uint64_t sequence, wire::OutboxMessage, Completion<void> done) {
          sent.push_back(sequence);
          answers.emplace_back(sequence, std::move(done));
        },
        [this](std::uint64_t upto) {
          arrived = upto;
          rows.erase(rows.begin(), rows.upper_bound(upto));
        });
  }
  ~Fixture() { answer_all({}); }

  void write(std::uint64_t sequence) {
    rows[sequence] = wire::Terminate{};
    shuffle->on_message(sequence, rows[sequence]);
  }
  void answer_all(const std::optional<Error>& error) {
    for (auto& [sequence, done] : std::exchange(answers, {})) {
      if (error) {
        done(*error);
      } else {
        // High-water mark, as the receiver has it.
        if (sequence >= accepted_next) {
          accepted.push_back(sequence);
          accepted_next = sequence + 1;
        }
        done(Result<void>());
      }
    }
  }

  testing::World world;
  std::map<std::uint64_t, wire::OutboxMessage> rows;
  std::vector<std::uint64_t> sent, accepted;
  std::uint64_t accepted_next = 0;
  std::optional<std::uint64_t> arrived;
  std::vector<std::pair<std::uint64_t, Completion<void>>> answers;
  std::optional<worker::Shuffle> shuffle;
};

}  // namespace

TEST_CASE("an outbox with holes is sent from its first row", "[worker]") {
  Fixture f(1);
  for (const std::uint64_t sequence : {3, 4, 9}) f.rows[sequence] = wire::Terminate{};
  f.shuffle->start();
  CHECK(f.sent == std::vector<std::uint64_t>{3, 4, 9});
  f.answer_all({});
  CHECK(f.arrived == 9u);
  CHECK(f.rows.empty());
}

TEST_CASE("only what has arrived without a gap is truncated", "[worker]") {
  Fixture f(2);
  f.shuffle->start();
  f.write(0);
  f.write(1);
  auto first = std::move(f.answers.front());
  f.answers.erase(f.answers.begin());
  f.answer_all({});  // 1 arrives before 0
  CHECK_FALSE(f.arrived.has_value());
  first.second(Result<void>());
  CHECK(f.arrived == 1u);
}

TEST_CASE("after a failure everything from the oldest unconfirmed message is sent again", "[worker]") {
  Fixture f(3);
  f.shuffle->start();
  for (std::uint64_t i = 0; i < 4; ++i) f.write(i);
  f.answer_all(Error{Code::kUnavailable, "lost"});
  f.write(4);  // while it waits
  CHECK(f.sent.size() == 4);
  f.world.run_for(2s);
  CHECK(f.sent == std::vector<std::uint64_t>{0, 1, 2, 3, 0, 1, 2, 3, 4});
  f.answer_all({});
  CHECK(f.accepted == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
  CHECK(f.arrived == 4u);
}

TEST_CASE("the window bounds what is under way", "[worker]") {
  Fixture f(4);
  f.shuffle->start();
  const std::uint64_t count = worker::limits::kShuffleWindow + 50;
  for (std::uint64_t i = 0; i < count; ++i) f.write(i);
  CHECK(f.sent.size() == worker::limits::kShuffleWindow);
  while (f.arrived != count - 1) f.answer_all({});
  CHECK(f.accepted.size() == count);
}
