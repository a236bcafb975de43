#include "scenario.h"

#include "clients.h"
#include "deployment.h"
#include "engine.h"
#include "topic.h"

#include <restate/testing/world.h>

namespace sim {
namespace {

using namespace restate;
using namespace std::chrono_literals;

/// The faults of one run, drawn from its seed: not every run has all of them.
class Faults {
 public:
  Faults(testing::World& world, Engine& engine, testing::Node& deployment, std::uint64_t seed,
         const ScenarioOptions& options)
      : world_(world), engine_(engine), deployment_(deployment), state_(seed * 2 + 1) {
    crashes_left_ = draw(options.max_crashes + 1);
    if (draw(3) == 0) world_.network().set_reset_chance(2000);
    if (draw(3) == 0) world_.set_fault("storage/commit/overloaded", 20'000);
    if (draw(3) == 0) world_.set_fault("storage/flush/early", 50'000);
    if (draw(4) == 0) world_.set_fault("deployment/reset", 20'000);
    if (draw(4) == 0) world_.set_fault("deployment/unavailable", 50'000);
    if (draw(2) == 0) engine_.disk().set_sync_time(1ms, 20ms);
    if (seed % 5 == 2) world_.set_fault("worker/partition/stops", 2'000);
    if (seed % 3 != 0) world_.set_fault("worker/start-scan/short-step", 900'000);
    if (seed % 3 != 1) world_.set_fault("worker/queue-scan/short-step", 900'000);
    if (seed % 7 == 4) world_.set_fault("bifrost/append/refused", 5'000);
    jumps_ = draw(4) == 0;
    clogs_ = draw(4) == 0;
    repeats_ = draw(2) == 0;
    for (const char* name :
         {"crash", "clock jump", "clog", "connection reset", "records repeated"}) {
      struck[name] = 0;
    }
  }

  /// Lets something happen at a random moment from now on.
  void go() {
    if (stopped_) return;
    world_.after(milliseconds(1 + draw(400)), [this] {
      if (stopped_) return;
      strike();
      go();
    });
  }

  /// From here on everything works: whoever waits must be answered.
  void heal() {
    stopped_ = true;
    world_.network().heal();
    world_.network().set_reset_chance(0);
    for (const char* name :
         {"storage/commit/overloaded", "storage/flush/early", "deployment/reset",
          "deployment/unavailable", "worker/partition/stops", "bifrost/append/refused"}) {
      world_.set_fault(name, 0);
    }
    engine_.disk().set_sync_time(50us, 500us);
  }

  bool crash_due() { return std::exchange(crash_due_, false); }
  std::uint64_t draw(std::uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) % bound;
  }

  bool clock_jumps() const { return jumps_; }

  std::map<std::string, std::uint64_t> struck;

 private:
  void strike() {
    switch (draw(5)) {
      case 4:
        if (!repeats_) return;
        ++struck["records repeated"];
        engine_.repeat_records(world_.random());
        return;
      case 0:
        if (crashes_left_ == 0) return;
        --crashes_left_;
        ++struck["crash"];
        crash_due_ = true;
        return;
      case 1:
        if (!jumps_) return;
        ++struck["clock jump"];
        engine_.node().jump_wall_clock(milliseconds(static_cast<int>(draw(4000)) - 2000));
        return;
      case 2:
        if (!clogs_) return;
        ++struck["clog"];
        world_.network().partition(engine_.node(), deployment_);
        world_.after(milliseconds(50 + draw(500)), [this] { world_.network().heal(); });
        return;
      default:
        ++struck["connection reset"];
        world_.network().reset(engine_.node(), deployment_);
        return;
    }
  }

  testing::World& world_;
  Engine& engine_;
  testing::Node& deployment_;
  std::uint64_t state_;
  std::uint64_t crashes_left_ = 0;
  bool jumps_ = false, clogs_ = false, repeats_ = false;
  bool stopped_ = false;
  bool crash_due_ = false;
};

}  // namespace

Outcome run_scenario(std::uint64_t seed, const ScenarioOptions& options) {
  Outcome outcome;
  testing::World world{testing::Seed{seed}};
  testing::Node& server = world.add_node({.host = "server", .shards = seed % 2 == 0 ? 1u : 2u});
  testing::Node& deployment_node = world.add_node({.host = "deployment"});
  testing::Node& client_node = world.add_node({.host = "client"});
  testing::Node& spare = world.add_node({.host = "spare"});

  const bool trims = seed % 4 == 3;
  const bool flow_control = seed / 4 % 2 == 1;
  const bool consumes = seed % 3 == 0;
  Topic topic(2, 24, 3);
  Engine engine(world, server,
                {.partitions = options.partitions,
                 .checkpoint_bytes = std::size_t{2048} << seed % 5,
                 .trims = trims,
                 .forgets = seed % 3 == 1,
                 .unique_seeds = seed % 7 < 3,
                 .retry_initial_ms = seed % 5 < 3 ? 1u : 20u,
                 .flow_control = flow_control,
                 .kafka = consumes ? &topic : nullptr,
                 .poor = seed % 7 < 2});
  Deployment deployment(world, deployment_node);
  Clients clients(world, client_node, server.host(),
                  {.clients = options.clients,
                   .operations = options.operations,
                   .flow_control = flow_control,
                   .subscribe = consumes});
  const auto finished = [&] { return clients.finished() && (!consumes || topic.drained()); };
  Faults faults(world, engine, deployment_node, seed, options);

  const auto fail = [&](std::string problem) {
    if (!outcome.problem) outcome.problem = std::move(problem);
  };
  engine.open();
  clients.start(deployment.uri());
  faults.go();
  // Faults for five seconds of their time, then a world in which everything works.
  const auto run_with_crashes = [&](Duration span) {
    const auto over = std::make_shared<bool>(false);  // the alarm may ring after this call
    world.after(span, [over] { *over = true; });
    bool due = false;
    while (!*over && !finished() && !outcome.problem && !engine.broken()) {
      world.run_until(
          [&] {
            return *over || finished() || engine.broken() || (due = faults.crash_due());
          },
          span);
      if (!due) break;
      due = false;
      engine.crash(faults.draw(UINT64_MAX));
      if (auto rows = engine.check_rows(); !rows) fail("after a crash: " + rows.error().message);
      engine.open();
    }
  };
  const auto check_commits = [&] {
    if (engine.broken()) fail("after a commit: " + engine.broken()->message);
  };
  run_with_crashes(5s);
  check_commits();
  faults.heal();
  topic.heal();
  clients.on_healed();
  if (engine.failed()) fail("the engine failed: " + engine.failed()->describe());
  if (!outcome.problem) {
    world.run_until([&] { return finished() || engine.broken(); }, 300s);
    check_commits();
    if (!clients.finished()) fail("stuck: not every operation was answered");
    if (!finished()) fail("stuck: not every record was consumed");
  }
  if (!outcome.problem) {
    if (consumes) {
      for (const auto& [key, additions] : topic.additions()) clients.expect(key, additions);
    }
    if (auto wrong = clients.check_counters()) fail(*wrong);
  }
  for (const std::string& problem : clients.problems()) fail(problem);
  for (const std::string& protest : deployment.stats().protests) fail(protest);
  if (!faults.clock_jumps()) {
    if (deployment.stats().early > 0) fail("a delayed invocation ran before its time");
    for (const double late : deployment.stats().sleep_late_ms) {
      if (late < -1) fail("a sleep ended before its time");
    }
  }
  if (!outcome.problem && engine.failed()) {
    fail("the engine failed: " + engine.failed()->describe());
  }
  if (!outcome.problem) {
    // What was sent one way comes to its end, also when clocks went back.
    world.run_for(faults.clock_jumps() ? 30s : 3s);
    engine.stop();
    check_commits();
    if (auto rows = engine.check_rows(); !rows) fail("at the end: " + rows.error().message);
    if (auto rest = engine.check_rest(); !rest) fail(rest.error().message);
    if (auto rules = engine.check_rules(spare); !rules) fail(rules.error().message);
    if (!trims) {
      if (auto replica = engine.check_logs(spare); !replica) fail(replica.error().message);
    }
  } else if (engine.running()) {
    world.crash(server);
    world.run_until([&] { return !server.running(); }, 1s);
  }
  outcome.trace = world.trace_hash();
  outcome.events = world.events_run();
  outcome.counts = faults.struck;
  outcome.commands = engine.commands();
  outcome.counts["records consumed again"] = topic.repeated();
  for (const auto& [kind, count] : clients.done()) outcome.counts["op " + kind] = count;
  for (const auto& [name, count] : world.fault_counts()) {
    outcome.counts["fault " + name] = count.fired;
  }
  return outcome;
}

}  // namespace sim
