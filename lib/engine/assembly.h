#pragma once

/// \file
/// Opens what a node stands on: the data directory with its logs, tables and metadata (or their
/// twins in memory), and the ways to deployments. The server and the embedded engine both start here.

#include "engine/disk.h"
#include "engine/network.h"
#include "invoker/deployment_client.h"
#include "node/node.h"

#include <restate/result.h>
#include <restate/runtime.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace restate::engine {

struct AssemblyOptions {
  /// Where logs, tables and metadata live, and what opens it: `open_files`. Empty: in memory.
  std::string data_dir;
  OpenDisk open_disk = nullptr;
  /// What opens ports and reaches other processes: `open_network`. Null: nothing does.
  OpenNetwork open_network = nullptr;
  NetworkOptions network = {};
  /// The services of this process, and the way to them on each shard; none by default.
  std::vector<schema::DiscoveredService> in_process_services;
  std::function<std::unique_ptr<invoker::DeploymentClient>(Shard&)> in_process;
  /// The disk refused. Once, on any thread.
  std::function<void(const Error&)> on_failed;
};

class Assembly {
 public:
  /// Blocks while it opens and recovers. Errors name the directory.
  static Result<std::unique_ptr<Assembly>> open(const node::Config& config, Runtime& runtime,
                                                AssemblyOptions options);
  /// After the node is gone. Writes what waits, closes the files.
  ~Assembly();

  /// For one `node::Node`, which must go before this object.
  node::NodeParts parts();

  /// The disk refused: `on_failed` is being called, or was. Any thread.
  bool failed() const;

  /// What users give to their SDKs when requests are signed; empty otherwise.
  std::string identity_key() const;

 private:
  struct Parts;
  explicit Assembly(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace restate::engine
