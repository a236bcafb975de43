#include "worker/scheduler.h"

#include "support/catch.h"
#include "worker/limits.h"

#include <map>
#include <random>

using namespace restate;
using partition::QueueMoved;
using partition::QueueStage;
using wire::QueuePlace;
using worker::PermitUsage;
using worker::Scheduler;

namespace {

/// A partition's queues, told in the simplest way, and the scheduler that serves them.
class Stage {
 public:
  Stage()
      : scheduler([this](const wire::QueueId& queue, bool fresh,
                         const std::optional<QueuePlace>& after, std::size_t limit) {
          return load(queue, fresh, after, limit);
        }) {}

  struct Life {
    QueuePlace place;
    std::string scope, limit_key;
    QueueStage stage = QueueStage::kNone;
  };

  InvocationId add(const std::string& scope, const std::string& limit_key, std::uint64_t run_at = 0,
                   std::uint8_t queue = 0) {
    InvocationId id;
    id.key.value = 7;
    id.uuid.bytes[14] = static_cast<std::uint8_t>(lives.size() >> 8);
    id.uuid.bytes[15] = static_cast<std::uint8_t>(lives.size());
    Life life;
    life.scope = scope;
    life.limit_key = limit_key;
    life.place.invocation = id;
    life.place.queue.bytes[0] = queue;
    for (const char c : scope + "|" + limit_key) {
      life.place.queue.bytes[15] = static_cast<std::uint8_t>(life.place.queue.bytes[15] * 31 + c);
    }
    lives[id] = life;
    join(id, true, run_at);
    return id;
  }
  void join(const InvocationId& id, bool fresh, std::uint64_t run_at = 0) {
    Life& life = lives[id];
    QueuePlace place = life.place;
    place.at = {fresh, {run_at}, ++lsn};
    move(life, QueueStage::kInbox, place);
  }
  void leave(const InvocationId& id, QueueStage to = QueueStage::kNone) {
    Life& life = lives[id];
    move(life, to, life.place);
  }
  /// Applies a decision, as the log brings it. True: it runs.
  bool apply(const QueuePlace& place) {
    Life& life = lives[place.invocation];
    const wire::QueueId queue = place.id();
    if (life.stage != QueueStage::kInbox || life.place != place || paused.contains(queue)) {
      scheduler.on(partition::QueueRefused{place});
      return false;
    }
    move(life, QueueStage::kRunning, place);
    return true;
  }
  void pause(const InvocationId& id, bool now) {
    const wire::QueueId queue = lives[id].place.id();
    if (now) paused.insert(queue);
    if (!now) paused.erase(queue);
    scheduler.on(partition::QueuePaused{queue, now});
  }
  /// Decides and applies until there is nothing to decide.
  std::vector<InvocationId> run(std::uint64_t now = 1'000'000) {
    std::vector<InvocationId> started;
    while (true) {
      const auto places = scheduler.decide({now}, 10);
      if (places.empty()) return started;
      for (const auto& place : places) {
        if (apply(place)) started.push_back(place.invocation);
      }
    }
  }
  void rule(const std::string& pattern, std::optional<std::uint32_t> concurrency) {
    const auto parsed = schema::parse_pattern(pattern);
    book.rules[parsed.pattern].concurrency = concurrency;
    scheduler.set_rules(schema::snapshot(book));
  }

  std::map<InvocationId, Life> lives;
  std::set<wire::QueueId> paused;
  schema::RuleBook book;
  std::uint64_t lsn = 0;
  Scheduler scheduler;

 private:
  using Row = std::tuple<wire::QueueId, wire::QueuePosition, Uuid>;

  void move(Life& life, QueueStage to, const QueuePlace& place) {
    QueueMoved moved{place.invocation, place.queue, life.scope, life.limit_key,
                     life.stage,       to,          life.place.at, place.at};
    if (life.stage == QueueStage::kInbox) rows.erase(row(life.place));
    if (to == QueueStage::kInbox) rows.insert(row(place));
    life.stage = to;
    life.place = place;
    scheduler.on(moved);
  }
  static Row row(const QueuePlace& place) { return {place.id(), place.at, place.invocation.uuid}; }
  std::vector<QueuePlace> load(const wire::QueueId& queue, bool fresh,
                               const std::optional<QueuePlace>& after, std::size_t limit) {
    std::vector<QueuePlace> places;
    auto at = after ? rows.upper_bound(row(*after)) : rows.lower_bound({queue, {false, {}, 0}, {}});
    for (; at != rows.end() && places.size() < limit; ++at) {
      const auto& [id, position, uuid] = *at;
      if (id != queue || position.fresh != fresh) break;
      places.push_back({{id.key, uuid}, id.digest, position});
    }
    return places;
  }

  std::set<Row> rows;
};

}  // namespace

TEST_CASE("without a rule everybody runs at once", "[worker][scheduler]") {
  Stage stage;
  for (int i = 0; i < 30; ++i) stage.add("s", "a/b");
  CHECK(stage.run().size() == 30);
}

TEST_CASE("a limit holds at each of three levels", "[worker][scheduler]") {
  Stage stage;
  SECTION("the scope") {
    stage.rule("s", 2);
    for (const char* key : {"", "a", "a/b", "c/d", "c/d"}) stage.add("s", key);
    stage.add("other", "");
    CHECK(stage.run().size() == 3);
  }
  SECTION("level 1") {
    stage.rule("s/a", 1);
    for (const char* key : {"a", "a/b", "a/c", "d"}) stage.add("s", key);
    CHECK(stage.run().size() == 2);
  }
  SECTION("level 2, for every level 1 by itself") {
    stage.rule("s/*/*", 1);
    for (const char* key : {"a", "a", "a/b", "a/b", "a/c", "d/b"}) stage.add("s", key);
    CHECK(stage.run().size() == 5);
  }
  SECTION("the narrowest counts, wherever it is") {
    stage.rule("s", 5);
    stage.rule("s/a", 3);
    stage.rule("s/a/b", 2);
    for (int i = 0; i < 4; ++i) stage.add("s", "a/b");
    CHECK(stage.run().size() == 2);
    for (int i = 0; i < 4; ++i) stage.add("s", "a/c");
    CHECK(stage.run().size() == 1);
    for (int i = 0; i < 4; ++i) stage.add("s", "");
    CHECK(stage.run().size() == 2);
  }
}

TEST_CASE("what an end costs in a full scope does not grow with the keys that wait",
          "[worker][scheduler]") {
  constexpr std::size_t kKeys = 50'000;
  constexpr std::size_t kEnds = 1000;
  Stage stage;
  stage.rule("s", 10);
  for (std::size_t i = 0; i < kKeys; ++i) stage.add("s", "key" + std::to_string(i));
  std::vector<InvocationId> running = stage.run();
  REQUIRE(running.size() == 10);
  const std::uint64_t before = stage.scheduler.visits();
  for (std::size_t i = 0; i < kEnds; ++i) {
    stage.leave(running[i]);
    for (const InvocationId& next : stage.run()) running.push_back(next);
  }
  CHECK(running.size() == 10 + kEnds);
  CHECK(stage.scheduler.visits() - before <= 2 * kEnds);
  // The scope's own counter, and those of the keys that are left.
  CHECK(stage.scheduler.usage().size() == 1 + kKeys - kEnds);
}

TEST_CASE("nor does it where the keys are limited and not the scope", "[worker][scheduler]") {
  constexpr std::size_t kKeys = 20'000;
  constexpr std::size_t kEnds = 1000;
  Stage stage;
  std::vector<InvocationId> running;
  SECTION("each by itself") {
    stage.rule("s/*", 1);
    for (std::size_t i = 0; i < kKeys; ++i) {
      running.push_back(stage.add("s", "key" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < kKeys; ++i) stage.add("s", "key" + std::to_string(i));
    REQUIRE(stage.run().size() == kKeys);
  }
  SECTION("many of them together") {
    stage.rule("s/key", 10);
    for (std::size_t i = 0; i < kKeys; ++i) stage.add("s", "key/" + std::to_string(i));
    running = stage.run();
    REQUIRE(running.size() == 10);
  }
  const std::uint64_t before = stage.scheduler.visits();
  for (std::size_t i = 0; i < kEnds; ++i) {
    stage.leave(running[i]);
    const auto next = stage.run();
    REQUIRE(next.size() == 1);
    if (running.size() < kKeys) running.push_back(next[0]);
  }
  CHECK(stage.scheduler.visits() - before <= 5 * kEnds);
}

TEST_CASE("nor with the queues in which it is nobody's time yet", "[worker][scheduler]") {
  Stage stage;
  for (int i = 0; i < 10'000; ++i) {
    stage.add("s", "key" + std::to_string(i), 2'000'000);
    stage.add("s", "one", 2'000'000, static_cast<std::uint8_t>(i));
  }
  REQUIRE(stage.run(1'000'000).empty());
  CHECK(stage.scheduler.next_due() == WallTime{2'000'000});
  const std::uint64_t before = stage.scheduler.visits();
  for (int i = 0; i < 100; ++i) {
    const InvocationId id = stage.add("s", i % 2 == 0 ? "one" : "key7", 0, 255);
    REQUIRE(stage.run(1'000'000) == std::vector{id});
    stage.leave(id);
  }
  CHECK(stage.scheduler.visits() - before <= 5 * 100);
  CHECK(stage.run(2'000'000).size() == 20'000);
}

TEST_CASE("who shares a limit takes turns, whatever others get meanwhile", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s/a", 1);
  std::map<std::string, std::vector<InvocationId>> all;
  for (int i = 0; i < 3; ++i) {
    for (const char* key : {"a/1", "a/2", "a/3"}) all[key].push_back(stage.add("s", key));
  }
  std::vector<InvocationId> order;
  for (auto started = stage.run(); !started.empty(); started = stage.run()) {
    REQUIRE(started.size() == 1);
    order.push_back(started[0]);
    const InvocationId other = stage.add("s", "b");
    REQUIRE(stage.run() == std::vector{other});
    stage.leave(other);
    stage.leave(started[0]);
  }
  std::vector<InvocationId> expected;
  for (std::size_t i = 0; i < 3; ++i) {
    for (const char* key : {"a/1", "a/2", "a/3"}) expected.push_back(all[key][i]);
  }
  CHECK(order == expected);
  SECTION("and all the room that a changed rule makes is used") {
    for (int i = 0; i < 3; ++i) {
      for (const char* key : {"a/1", "a/2", "a/3"}) stage.add("s", key);
    }
    REQUIRE(stage.run().size() == 1);
    stage.rule("s/a", 6);
    CHECK(stage.run().size() == 5);
    stage.rule("s/a", std::nullopt);
    CHECK(stage.run().size() == 3);
  }
}

TEST_CASE("room is not offered to a key that goes with it", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s/a", 2);
  const InvocationId first = stage.add("s", "a/1"), second = stage.add("s", "a/2");
  REQUIRE(stage.run() == std::vector{first, second});
  const InvocationId killed = stage.add("s", "a/1"), waits = stage.add("s", "a/2");
  REQUIRE(stage.run().empty());
  stage.leave(killed);
  stage.leave(first);
  CHECK(stage.run() == std::vector{waits});
}

TEST_CASE("a permit that is given back goes to the next", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s", 1);
  const InvocationId a = stage.add("s", ""), b = stage.add("s", ""), c = stage.add("s", "");
  REQUIRE(stage.run() == std::vector{a});
  SECTION("because it has ended") {
    stage.leave(a);
    CHECK(stage.run() == std::vector{b});
  }
  SECTION("because it suspends; awake, it goes before those that have never run") {
    stage.leave(a, QueueStage::kSuspended);
    CHECK(stage.run() == std::vector{b});
    stage.join(a, false);
    CHECK(stage.run().empty());
    stage.leave(b);
    CHECK(stage.run() == std::vector{a});
  }
  SECTION("because it backs off, until its time") {
    stage.join(a, false, 2'000'000);
    CHECK(stage.run(1'000'000) == std::vector{b});
    stage.leave(b);
    CHECK(stage.run(1'500'000) == std::vector{c});
    stage.leave(c);
    CHECK(stage.run(1'500'000).empty());
    CHECK(stage.scheduler.next_due() == WallTime{2'000'000});
    CHECK(stage.run(2'000'000) == std::vector{a});
    CHECK(stage.scheduler.next_due() == std::nullopt);
  }
  SECTION("once: who leaves a queue had none") {
    stage.leave(b);
    CHECK(stage.run().empty());
    stage.leave(a);
    CHECK(stage.run() == std::vector{c});
  }
}

TEST_CASE("a decision holds its permit until apply has answered", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s", 1);
  const InvocationId a = stage.add("s", ""), b = stage.add("s", "");
  const auto first = stage.scheduler.decide({1}, 10);
  REQUIRE(first.size() == 1);
  REQUIRE(first[0].invocation == a);
  CHECK(stage.scheduler.decide({1}, 10).empty());
  SECTION("also when its invocation was killed meanwhile") {
    stage.leave(a);
    CHECK(stage.scheduler.decide({1}, 10).empty());
    CHECK_FALSE(stage.apply(first[0]));
    CHECK(stage.run() == std::vector{b});
  }
  SECTION("and when its queue was paused and goes on") {
    stage.pause(a, true);
    CHECK_FALSE(stage.apply(first[0]));
    CHECK(stage.run().empty());
    stage.pause(a, false);
    CHECK(stage.run() == std::vector{a});
  }
  SECTION("and when it stands elsewhere by now") {
    stage.join(a, false);
    CHECK_FALSE(stage.apply(first[0]));
    CHECK(stage.run() == std::vector{a});
  }
}

TEST_CASE("a changed rule counts for those that come", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s", 3);
  std::vector<InvocationId> all;
  for (int i = 0; i < 8; ++i) all.push_back(stage.add("s", ""));
  REQUIRE(stage.run().size() == 3);
  stage.rule("s", 1);  // what runs goes on
  CHECK(stage.run().empty());
  stage.leave(all[0]);
  stage.leave(all[1]);
  CHECK(stage.run().empty());
  stage.leave(all[2]);
  CHECK(stage.run() == std::vector{all[3]});
  stage.rule("s", 4);
  CHECK(stage.run() == std::vector{all[4], all[5], all[6]});
  stage.rule("s", std::nullopt);
  CHECK(stage.run() == std::vector{all[7]});
}

TEST_CASE("queues and limit keys take turns", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s", 1);
  std::vector<InvocationId> busy;
  for (int i = 0; i < 5; ++i) busy.push_back(stage.add("s", "a"));
  const InvocationId other = stage.add("s", "b"), third = stage.add("s", "b", 0, 1);
  std::vector<InvocationId> order;
  for (auto started = stage.run(); !started.empty(); started = stage.run()) {
    REQUIRE(started.size() == 1);
    order.push_back(started[0]);
    stage.leave(started[0]);
  }
  CHECK(order == std::vector{busy[0], other, busy[1], third, busy[2], busy[3], busy[4]});
}

TEST_CASE("usage is what its counters hold, and nothing of what has gone", "[worker][scheduler]") {
  Stage stage;
  stage.rule("s/a", 1);
  const InvocationId a = stage.add("s", "a/b"), b = stage.add("s", "a/c");
  REQUIRE(stage.run().size() == 1);
  CHECK(stage.scheduler.usage() ==
        std::vector<PermitUsage>{{"s", {}, {}, {}, 1, 1},
                                 {"s", "a", {}, 1, 1, 1},
                                 {"s", "a", "b", {}, 1, 0},
                                 {"s", "a", "c", {}, 0, 1}});
  stage.leave(a);
  stage.leave(b);
  CHECK(stage.scheduler.usage().empty());
}

TEST_CASE("a queue longer than what is held in memory is served in its order",
          "[worker][scheduler]") {
  Stage stage;
  stage.rule("s", 1);
  const std::size_t count = 5 * worker::limits::kLoadedWaiters;
  std::vector<InvocationId> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(stage.add("s", ""));
  for (std::size_t i = 0; i < count; ++i) {
    const auto started = stage.run();
    REQUIRE(started == std::vector{all[i]});
    stage.leave(all[i]);
  }
  CHECK(stage.scheduler.usage().empty());
}

TEST_CASE("whatever happens, no counter is above its limit and nobody is forgotten",
          "[worker][scheduler]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    Stage stage;
    stage.rule("s", 4);
    stage.rule("s/*", 3);
    stage.rule("s/a/b", 1);
    const std::vector<std::string> keys{"", "a", "a/b", "a/c", "d"};
    std::vector<InvocationId> all;
    std::vector<QueuePlace> on_their_way;  // decided, not applied
    std::uint64_t now = 1000;
    const auto in_stage = [&](const std::string& prefix, QueueStage wanted) {
      std::size_t found = 0;
      for (const auto& [id, life] : stage.lives) {
        const bool counts = prefix.empty() || life.limit_key == prefix ||
                            life.limit_key.starts_with(prefix + "/");
        if (counts && life.stage == wanted) ++found;
      }
      return found;
    };
    const auto step = [&] {
      now += below(20);
      const InvocationId id = all.empty() ? InvocationId{} : all[below(all.size())];
      switch (below(8)) {
        case 0:
        case 1:
          all.push_back(stage.add("s", keys[below(keys.size())], now + below(3) * 10,
                                  static_cast<std::uint8_t>(below(2))));
          break;
        case 2:
        case 3:
          for (auto& place : stage.scheduler.decide({now}, 1 + below(5))) {
            on_their_way.push_back(place);
          }
          break;
        case 4:
          for (const auto& place : on_their_way) stage.apply(place);
          on_their_way.clear();
          break;
        default:
          if (all.empty()) break;
          switch (stage.lives[id].stage) {
            case QueueStage::kRunning:
              if (below(3) == 0) stage.leave(id);
              else if (below(2) == 0) stage.leave(id, QueueStage::kSuspended);
              else stage.join(id, false, now + below(50));
              break;
            case QueueStage::kSuspended:
              stage.join(id, false, now);
              break;
            case QueueStage::kInbox:
              if (below(6) == 0) stage.leave(id);
              else if (below(6) == 0) stage.pause(id, !stage.paused.contains(stage.lives[id].place.id()));
              break;
            default:
              break;
          }
      }
      REQUIRE(in_stage("", QueueStage::kRunning) <= 4);
      REQUIRE(in_stage("a", QueueStage::kRunning) <= 3);
      REQUIRE(in_stage("d", QueueStage::kRunning) <= 3);
      REQUIRE(in_stage("a/b", QueueStage::kRunning) <= 1);
    };
    for (int i = 0; i < 600; ++i) step();
    // Let everything end.
    for (const wire::QueueId& queue : std::set(stage.paused)) {
      stage.paused.erase(queue);
      stage.scheduler.on(partition::QueuePaused{queue, false});
    }
    for (const auto& place : on_their_way) stage.apply(place);
    for (int round = 0; round < 2000; ++round) {
      now += 100;
      stage.run(now);
      bool left = false;
      for (const auto& [id, life] : stage.lives) {
        if (life.stage == QueueStage::kRunning || life.stage == QueueStage::kSuspended) {
          stage.leave(id);
        }
        left = left || life.stage != QueueStage::kNone;
      }
      if (!left) break;
    }
    CHECK(in_stage("", QueueStage::kInbox) == 0);
    CHECK(stage.scheduler.usage().empty());
  }
}
