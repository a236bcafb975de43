#pragma once

// The engine under test: a whole node over a simulated disk, which can lose power at any event and
// is opened again from what the disk kept.

#include "node/node.h"

#include <restate/metadata/durable_store.h>
#include <restate/storage/memory.h>
#include <restate/testing/world.h>

#include <memory>
#include <optional>

namespace sim {

class Engine {
 public:
  static constexpr std::uint16_t kIngress = 8080;
  static constexpr std::uint16_t kAdmin = 9070;

  Engine(restate::testing::World& world, restate::testing::Node& node, std::uint16_t partitions,
         std::size_t checkpoint_bytes);
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
  std::uint16_t partitions() const { return partitions_; }
  const std::optional<restate::Error>& failed() const { return failed_; }

  /// Checks what must hold for the rows on the disk. Only while it does not run.
  restate::Result<void> check_rows();
  /// Reads the logs again into empty tables and compares: replicas agree byte for byte.
  restate::Result<void> check_replica(restate::testing::Node& spare);

 private:
  struct Parts;

  restate::testing::World& world_;
  restate::testing::Node& node_;
  const std::uint16_t partitions_;
  restate::node::Config config_;
  restate::storage::MemoryDisk disk_;
  std::unique_ptr<Parts> parts_;
  bool ready_ = false;
  std::optional<restate::Error> failed_;
};

}  // namespace sim
