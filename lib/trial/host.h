#pragma once

/// \file
/// The process of an application: a whole node on a simulated disk, with the handlers inside. It dies
/// when it is told to, and starts again by itself.

#include "native/registry.h"
#include "node/node.h"
#include "trial/observed_client.h"

#include <restate/storage/memory.h>
#include <restate/testing/application.h>

#include <memory>
#include <vector>

namespace restate::testing {

class Host final : private Crasher {
 public:
  /// `on_ready` is called whenever it can be asked for something, on its shard.
  Host(TrialState& trial, native::ServiceRegistryPtr registry, const ApplicationOptions& options,
       Task on_ready);
  /// Unwinds what runs; nothing starts again.
  ~Host();

  bool running() const { return node_.running(); }
  bool ready() const { return ready_; }
  Shard& shard() { return node_.shard(0); }
  /// Only while it is ready.
  node::Node& node();
  const node::Config& config() const { return config_; }

  /// Dies, after the event that runs if there is one.
  void crash_now() override;

 private:
  struct Parts;

  void open();
  void on_crash();
  void crash_when_durable() override;
  void jump_clock(milliseconds by) override { node_.jump_wall_clock(by); }

  TrialState& trial_;
  const native::ServiceRegistryPtr registry_;
  const node::Config config_;
  const std::vector<schema::DiscoveredService> services_;
  Task on_ready_;
  Node& node_;
  storage::MemoryDisk disk_;
  bool ready_ = false;
  bool closing_ = false;
  std::unique_ptr<Parts> parts_;
  Scope scope_;
};

}  // namespace restate::testing
