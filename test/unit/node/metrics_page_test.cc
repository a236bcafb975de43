// Who asks for the page of metrics, and when, with tables that count how often they are asked.

#include "node/metrics_page.h"
#include "support/catch.h"

#include <restate/metadata/memory_store.h>
#include <restate/testing/world.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace restate;
using namespace restate::node;
using namespace std::chrono_literals;

namespace {

struct AskedStore final : storage::Store {
  Result<void> claim(const storage::StoreOwner&) override { return {}; }
  Result<std::unique_ptr<storage::PartitionSpace>> open(PartitionId, Shard&) override {
    return Error{Code::kUnavailable, "there is none"};
  }
  Result<void> commit(std::span<const storage::Commit>) override { return {}; }
  Result<void> drop(PartitionId) override { return {}; }
  Result<void> close() override { return {}; }
  void collect(MetricsSnapshot& out) const override {
    out.gauge("asked", {}, static_cast<double>(++asked));
  }
  mutable int asked = 0;
};

struct Bench {
  Bench() { config.disable_prometheus = true; }
  void ask() {
    page.fetch([this](std::string text) { pages.push_back(std::move(text)); });
  }

  restate::testing::World world{restate::testing::Seed{1}};
  Shard& shard{world.shard()};
  AskedStore tables;
  metadata::MemoryStore metadata{shard};
  Config config;
  NodeShared shared{config, {&shard}};
  NodeParts parts{.runtime = world.node(0), .store = tables, .metadata = metadata};
  MetricsPage page{shard, 1, parts, config, shared,
                   [](std::size_t, Function<void(ShardNode&)>) {}};
  std::vector<std::string> pages;
};

}  // namespace

TEST_CASE("those who ask while a page is made share the next one", "[node][metrics]") {
  Bench bench;
  for (int i = 0; i < 4; ++i) bench.ask();
  REQUIRE(bench.world.run_until([&] { return bench.pages.size() == 4; }));
  CHECK(bench.tables.asked == 2);
  CHECK(bench.pages[0].find("restate_asked 1\n") != std::string::npos);
  CHECK(bench.pages[1].find("restate_asked 2\n") != std::string::npos);
  CHECK(bench.pages[3] == bench.pages[1]);
  bench.ask();
  REQUIRE(bench.world.run_until([&] { return bench.pages.size() == 5; }));
  CHECK(bench.tables.asked == 3);
}

TEST_CASE("a page that closes waits for what it has begun", "[node][metrics]") {
  Bench bench;
  int asked_before = -1;
  const auto close = [&] { bench.page.close([&] { asked_before = bench.tables.asked; }); };
  SECTION("a question to the disks") {
    bench.ask();
    bench.ask();
    close();
    REQUIRE(bench.world.run_until([&] { return asked_before >= 0; }));
    CHECK(asked_before == 1);
  }
  SECTION("or nothing") {
    close();
    REQUIRE(bench.world.run_until([&] { return asked_before >= 0; }));
    CHECK(asked_before == 0);
  }
  bench.ask();
  bench.world.run_for(1s);
  CHECK(bench.pages.empty());
  CHECK(bench.tables.asked == asked_before);
}
