#include "worker/proposer.h"

#include "support/catch.h"
#include "wire/codec.h"

#include <restate/testing/world.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

using namespace restate;
using namespace std::chrono_literals;

namespace {

/// Takes appends and answers them when the test says so.
class HeldLog final : public bifrost::Bifrost {
 public:
  void append(bifrost::LogId, bifrost::RecordBatch batch, Completion<bifrost::Lsn> done) override {
    appended.push_back(std::move(batch));
    waiting.push_back(std::move(done));
  }
  /// Answers the oldest append that has no answer.
  void answer(Result<bifrost::Lsn> result) {
    Completion<bifrost::Lsn> done = std::move(waiting.front());
    waiting.pop_front();
    done(std::move(result));
  }

  void add_provider(std::string, std::shared_ptr<bifrost::LogletProvider>) override {}
  void start(Completion<void>) override { RESTATE_UNREACHABLE(); }
  void ensure_log(bifrost::LogId, Completion<void>) override { RESTATE_UNREACHABLE(); }
  std::unique_ptr<bifrost::ReadStream> read(bifrost::LogId, bifrost::Lsn, KeyRange,
                                            bifrost::ReadListener&) override {
    RESTATE_UNREACHABLE();
  }
  void find_tail(bifrost::LogId, Completion<bifrost::LogTail>) override { RESTATE_UNREACHABLE(); }
  void trim_point(bifrost::LogId, Completion<bifrost::Lsn>) override { RESTATE_UNREACHABLE(); }
  void trim(bifrost::LogId, bifrost::Lsn, Completion<bifrost::Lsn>) override {
    RESTATE_UNREACHABLE();
  }
  void seal(bifrost::LogId, Completion<bifrost::Lsn>) override { RESTATE_UNREACHABLE(); }
  void seal_and_extend(bifrost::LogId, std::string, Completion<bifrost::Lsn>) override {
    RESTATE_UNREACHABLE();
  }

  std::vector<bifrost::RecordBatch> appended;
  std::deque<Completion<bifrost::Lsn>> waiting;
};

constexpr std::size_t kMiB = 1 << 20;

struct ProposerFixture {
  explicit ProposerFixture(std::uint64_t seed, std::size_t limit = 64 * kMiB)
      : world{testing::Seed{seed}},
        proposer(
            world.shard(), log, bifrost::LogId{0}, KeyRange{},
            [this](const Error& error) { lost.push_back(error); }, [this] { ++rooms; }, limit) {
    run([this] { proposer.lead({NodeId{1}, 1}, LeaderEpoch{7}, 1); });
    run([this] { log.answer(bifrost::Lsn{1}); });
    log.appended.clear();
  }
  ~ProposerFixture() {
    world.node(0).begin_shutdown();
    log.waiting.clear();
  }

  /// One turn in which `task` runs.
  void run(Task task) {
    world.shard().post(std::move(task));
    world.run_for(1ms);
  }
  void propose(std::size_t bytes, std::uint64_t mark = 0) {
    wire::PatchState patch;
    patch.target.type = wire::ServiceType::kVirtualObject;
    patch.key = PartitionKey{mark};
    patch.state["n"] = Bytes(std::string(bytes, 'x'));
    proposer.propose(std::move(patch), told(mark));
  }
  Completion<void> told(std::uint64_t mark) {
    return Completion<void>(world.shard(), [this, mark](Result<void> result) {
      answers[mark] = std::move(result);
    });
  }

  testing::World world;
  HeldLog log;
  std::vector<Error> lost;
  std::map<std::uint64_t, Result<void>> answers;
  int rooms = 0;
  worker::Proposer proposer;
};

}  // namespace

TEST_CASE("what is proposed before a refusal is known is not appended behind the hole",
          "[worker][proposer]") {
  ProposerFixture f(1);
  f.run([&] { f.propose(1, 1); });
  REQUIRE(f.log.appended.size() == 1);
  f.run([&] {
    f.propose(1, 2);
    f.proposer.append(wire::Envelope{wire::NoDedup{}, wire::TruncateOutbox{1}}, f.told(3));
    f.log.answer(Error{Code::kUnavailable, "refused"});
    f.propose(1, 4);
  });
  CHECK(f.log.appended.size() == 1);
  REQUIRE(f.lost.size() == 1);
  CHECK(f.answers.at(1) == Code::kUnavailable);
  for (const std::uint64_t mark : {2, 3, 4}) CHECK(f.answers.at(mark) == Code::kNotLeader);
  CHECK_FALSE(f.proposer.full());

  // The next epoch begins anew.
  f.run([&] {
    f.proposer.lead({NodeId{1}, 1}, LeaderEpoch{8}, 2);
    f.propose(1, 5);
  });
  REQUIRE(f.log.appended.size() == 2);
  CHECK(f.log.appended.back().size() == 2);
  f.run([&] { f.log.answer(bifrost::Lsn{3}); });
  CHECK(f.answers.at(5));
  CHECK(f.lost.size() == 1);
}

TEST_CASE("what the log could not take at once waits for its answers, in order",
          "[worker][proposer]") {
  ProposerFixture f(2, 1024 * kMiB);
  f.run([&] {
    for (std::uint64_t mark = 1; mark <= 20; ++mark) f.propose(8 * kMiB, mark);
  });
  std::size_t under_way = 0;
  for (const auto& batch : f.log.appended) under_way += batch.size();
  CHECK(under_way == 8);
  std::vector<std::uint64_t> order;
  for (std::size_t next = 0; next < f.log.appended.size(); ++next) {
    for (const auto& record : f.log.appended[next]) {
      order.push_back(std::get<wire::PatchState>(wire::decode(record.body)->command).key.value);
    }
    f.run([&] { f.log.answer(bifrost::Lsn{100 + next}); });
  }
  REQUIRE(order.size() == 20);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(f.answers.size() == 20);
  CHECK(f.lost.empty());
}

TEST_CASE("who waits for room hears of it once", "[worker][proposer]") {
  ProposerFixture f(3, kMiB);
  // Small records weigh what their decoded form does.
  f.run([&] {
    int count = 0;
    for (; !f.proposer.full(); ++count) f.propose(1);
    CHECK(count < 1000);
  });
  f.run([&] { f.propose(1); });
  CHECK(f.log.waiting.size() == 2);
  CHECK(f.rooms == 0);
  f.run([&] { f.log.answer(bifrost::Lsn{9}); });
  CHECK(f.rooms == 1);
  f.run([&] { f.log.answer(bifrost::Lsn{10}); });
  CHECK(f.rooms == 1);
}
