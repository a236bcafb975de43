#pragma once

// The engine under test: a whole node over a simulated disk, which can lose power at any event and
// is opened again from what the disk kept.

#include "node/node.h"
#include "runtime/kafka.h"

#include <restate/metadata/durable_store.h>
#include <restate/storage/memory.h>
#include <restate/testing/world.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sim {

class Engine {
 public:
  static constexpr std::uint16_t kIngress = 8080;
  static constexpr std::uint16_t kAdmin = 9070;
  static constexpr std::uint32_t kFixedLimit = 2;

  struct Options {
    std::uint16_t partitions = 3;
    std::size_t checkpoint_bytes = 4096;
    /// Forgets the log behind the durable tables. Such a log makes no replica.
    bool trims = false;
    /// Keeps nothing of what has ended, unless somebody may ask for it again.
    bool forgets = false;
    /// Wants a feature in the log: leaders serve only behind its barrier.
    bool unique_seeds = false;
    std::uint64_t retry_initial_ms = 20;
    /// Scopes and rules. Scope `fixed` has kFixedLimit permits from the start, its key
    /// `a` has one.
    bool flow_control = false;
    /// For subscriptions; outlives the engine.
    restate::kafka::Connector* kafka = nullptr;
    /// Hardly any memory: every bound is met all the time.
    bool poor = false;
  };

  Engine(restate::testing::World& world, restate::testing::Node& node, Options options);
  ~Engine();

  void open();
  /// The power fails: the objects go, the disk keeps what was synced and some of the rest.
  void crash(std::uint64_t seed);
  /// Stops in order, as SIGTERM does. Runs the world until it is done.
  void stop();

  bool running() const { return parts_ != nullptr; }
  bool ready() const { return ready_; }
  restate::storage::MemoryDisk& disk() { return disk_; }
  restate::testing::Node& node() { return node_; }
  const std::optional<restate::Error>& failed() const { return failed_; }
  /// The first invariant that a commit broke, in any of its lives.
  const std::optional<restate::Error>& broken() const { return broken_; }

  /// Appends records once more that one of the logs holds: appending is at least once, and only the
  /// dedup numbers make it exactly once.
  void repeat_records(restate::Random& random);

  /// Checks what must hold for the rows on the disk. Only while it does not run.
  restate::Result<void> check_rows();
  /// Checks that nothing is under way any more: no message, no lock, no timer overdue, nobody who
  /// waits.
  restate::Result<void> check_rest();
  /// Checks that every partition has the rules that operators wrote. Only while it does not run.
  restate::Result<void> check_rules(restate::testing::Node& spare);
  /// Reads the logs again from the beginning: replicas agree byte for byte, and more (see Audit).
  restate::Result<void> check_logs(restate::testing::Node& spare);
  /// By command, as the logs have them; those of the runs whose logs were read.
  const std::map<std::string, std::uint64_t>& commands() const { return commands_; }

 private:
  struct Parts;

  /// Puts the rules that nobody changes onto the disk, before anybody asks for anything.
  void write_rules();

  restate::testing::World& world_;
  restate::testing::Node& node_;
  const Options options_;
  restate::node::Config config_;
  restate::storage::MemoryDisk disk_;
  std::unique_ptr<Parts> parts_;
  bool ready_ = false;
  std::optional<restate::Error> failed_;
  std::optional<restate::Error> broken_;
  std::map<std::string, std::uint64_t> commands_;
};

}  // namespace sim
