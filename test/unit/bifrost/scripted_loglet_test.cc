// What appenders and readers do with loglets that behave as only a remote one could: answers that
// trickle in, tails on which observers disagree.

#include "support/bifrost.h"
#include "support/catch.h"

#include <restate/bifrost/logs.h>
#include <restate/metadata/memory_store.h>

#include <deque>

using namespace restate;
using namespace restate::bifrost;
using testing::Collector;
using testing::kLog;
using testing::Seed;
using testing::World;

namespace {

using Strings = std::vector<std::string>;

/// Does what the test says. Appends are answered one at a time, each when the test asks for it.
class ScriptedLoglet final : public Loglet {
 public:
  void append(SharedBatch batch, Completion<LogletOffset> done) override {
    if (sealed) {
      answers.push_back([done = std::move(done)]() mutable { done(Error{Code::kSealed, ""}); });
      return;
    }
    records.insert(records.end(), batch->begin(), batch->end());
    const LogletOffset last{static_cast<std::uint32_t>(records.size())};
    answers.push_back([done = std::move(done), last]() mutable { done(last); });
  }
  void seal(Completion<Tail> done) override {
    sealed = true;
    const Tail end{LogletOffset{static_cast<std::uint32_t>(records.size() + 1)}, true};
    done.shard().post([done = std::move(done), end]() mutable { done(end); });
  }
  void find_tail(Completion<Tail> done) override {
    done.shard().post([this, done = std::move(done)]() mutable { done(tail); });
  }
  void read(LogletOffset from, std::size_t, Completion<LogletRecords> done) override {
    LogletRecords found{from, RecordBatch(records.begin() + (from.value - 1), records.end())};
    done.shard().post([done = std::move(done), found = std::move(found)]() mutable {
      done(std::move(found));
    });
  }
  std::span<const Record> recent(LogletOffset) const override { return {}; }
  void trim(LogletOffset, Completion<LogletOffset> done) override {
    done.shard().post([done = std::move(done)]() mutable { done(LogletOffset{0}); });
  }
  LogletOffset trim_point() const override { return {0}; }
  Tail known_tail() const override { return tail; }
  void watch(TailWatcher& added) override { watcher = &added; }
  void unwatch(TailWatcher&) override { watcher = nullptr; }

  void tell(Tail now) {
    tail = now;
    if (watcher != nullptr) watcher->on_tail(tail);
  }

  RecordBatch records;
  bool sealed = false;
  Tail tail{LogletOffset{1}, false};
  TailWatcher* watcher = nullptr;
  std::deque<Task> answers;
};

class ScriptedProvider final : public LogletProvider {
 public:
  void open(LogletId id, const std::string&, Shard& shard,
            Completion<std::shared_ptr<Loglet>> done) override {
    shard.post([done = std::move(done), loglet = loglet(id.segment.value)]() mutable {
      done(std::shared_ptr<Loglet>(std::move(loglet)));
    });
  }
  std::string propose_params(LogletId, Random& random) override {
    return std::to_string(random.next());
  }
  void remove(LogletId, Completion<void> done) override {
    done.shard().post([done = std::move(done)]() mutable { done({}); });
  }
  std::shared_ptr<ScriptedLoglet> loglet(std::uint32_t segment) {
    auto& made = loglets_[segment];
    if (!made) made = std::make_shared<ScriptedLoglet>();
    return made;
  }

 private:
  std::map<std::uint32_t, std::shared_ptr<ScriptedLoglet>> loglets_;
};

/// One shard whose only provider is the script.
struct Stage {
  explicit Stage(std::uint64_t seed = 1) : world(Seed{seed}), metadata(world.shard(0)) {
    bifrost = make_bifrost(world.shard(0), metadata, {.default_provider = "scripted"});
    bifrost->add_provider("scripted", provider);
    REQUIRE(testing::wait<void>(world, [&](auto done) {
              bifrost->start(std::move(done));
            }).has_value());
    REQUIRE(testing::wait<void>(world, [&](auto done) {
              bifrost->ensure_log(kLog, std::move(done));
            }).has_value());
  }
  ~Stage() { world.node(0).begin_shutdown(); }

  /// Ends segment 0 at `end`, whatever its loglet holds, as another writer might.
  void extend_at(std::uint64_t end) {
    REQUIRE(testing::wait<std::optional<metadata::VersionedValue>>(world, [&](auto done) {
              metadata::read_modify_write(
                  metadata, world.shard(0), kLogsKey,
                  [end](const std::optional<metadata::VersionedValue>& now)
                      -> Result<std::optional<Bytes>> {
                    RESTATE_TRY(Logs logs, decode_logs(now->value));
                    ++logs.version.value;
                    RESTATE_TRY_VOID(logs.logs.at(kLog).extend(SegmentIndex{0}, Lsn{end}, "scripted",
                                                               "x", std::nullopt));
                    return encode(logs);
                  },
                  std::move(done));
            }).has_value());
    REQUIRE(world.run_until_idle());
  }

  World world;
  std::shared_ptr<ScriptedProvider> provider = std::make_shared<ScriptedProvider>();
  metadata::MemoryStore metadata;
  std::unique_ptr<Bifrost> bifrost;
};

}  // namespace

TEST_CASE("refused appends go on only when all before them are answered", "[bifrost][appender]") {
  Stage stage;
  const auto first = stage.provider->loglet(0);
  const auto second = stage.provider->loglet(1);
  std::vector<std::pair<int, Lsn>> acknowledged;
  const auto append = [&](int number) {
    stage.world.shard(0).post([&, number] {
      stage.bifrost->append(kLog, testing::records({std::to_string(number)}),
                            Completion<Lsn>(stage.world.shard(0), [&, number](Result<Lsn> lsn) {
                              acknowledged.emplace_back(number, lsn.value());
                            }));
    });
    stage.world.run_for(std::chrono::milliseconds(1));
  };
  const auto answer = [&](ScriptedLoglet& loglet) {
    REQUIRE_FALSE(loglet.answers.empty());
    stage.world.shard(0).post(std::move(loglet.answers.front()));
    loglet.answers.pop_front();
    stage.world.run_for(std::chrono::milliseconds(1));
  };

  append(1);
  first->sealed = true;
  append(2);
  append(3);
  answer(*first);
  CHECK(acknowledged == std::vector<std::pair<int, Lsn>>{{1, Lsn{1}}});
  answer(*first);  // 2 is refused; 3 may have been written for all we know
  append(4);
  CHECK(first->answers.size() == 1);
  CHECK(second->records.empty());
  answer(*first);

  REQUIRE(second->records.size() == 3);
  for (int i = 0; i < 3; ++i) answer(*second);
  CHECK(acknowledged ==
        std::vector<std::pair<int, Lsn>>{{1, Lsn{1}}, {2, Lsn{2}}, {3, Lsn{3}}, {4, Lsn{4}}});
}

TEST_CASE("a reader believes the chain, not a sealed loglet", "[bifrost][reader]") {
  Stage stage;
  const auto first = stage.provider->loglet(0);
  first->records = testing::records({"a", "b", "never decided"});
  Collector collector;
  const auto stream = stage.bifrost->read(kLog, kOldestLsn, {}, collector);
  stage.world.run_for(std::chrono::milliseconds(1));

  stage.world.shard(0).post([&] { first->tell({LogletOffset{3}, false}); });
  stage.world.run_for(std::chrono::milliseconds(1));
  CHECK(collector.texts() == Strings{"a", "b"});
  // This observer found a copy of a third record; the writer that sealed the segment did not.
  stage.world.shard(0).post([&] { first->tell({LogletOffset{4}, true}); });
  stage.world.run_for(std::chrono::milliseconds(1));
  CHECK(collector.texts() == Strings{"a", "b"});

  const auto second = stage.provider->loglet(1);
  second->records = testing::records({"c"});
  second->tail = {LogletOffset{2}, false};
  stage.extend_at(3);
  CHECK(collector.texts() == Strings{"a", "b", "c"});
}

TEST_CASE("an end above all that was written is reported as lost", "[bifrost][reader]") {
  Stage stage;
  const auto first = stage.provider->loglet(0);
  first->records = testing::records({"a", "b"});
  first->tail = {LogletOffset{3}, true};
  const auto second = stage.provider->loglet(1);
  second->records = testing::records({"c"});
  second->tail = {LogletOffset{2}, false};
  stage.extend_at(10);
  Collector collector;
  const auto stream = stage.bifrost->read(kLog, kOldestLsn, {}, collector);
  REQUIRE(stage.world.run_until_idle());
  CHECK(collector.texts() == Strings{"a", "b", "lost 3..9", "c"});
}

TEST_CASE("a record that should be there and is not ends the stream", "[bifrost][reader]") {
  Stage stage;
  const auto first = stage.provider->loglet(0);
  first->records = testing::records({"a"});
  first->tail = {LogletOffset{3}, false};
  Collector collector;
  const auto stream = stage.bifrost->read(kLog, kOldestLsn, {}, collector);
  REQUIRE(stage.world.run_until_idle());
  CHECK(collector.texts() == Strings{"a"});
  REQUIRE(collector.error.has_value());
  CHECK(collector.error->code == Code::kCorrupt);
  CHECK(collector.error->message.find("log 0 at 2") != std::string::npos);
}
