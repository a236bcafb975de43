#pragma once

/// \file
/// The services of this process: who runs them, and the way to them on every shard.

#include "invoker/deployment_client.h"
#include "native/pool.h"
#include "native/registry.h"
#include "schema/registry.h"

#include <restate/runtime.h>
#include <restate/service.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace restate::engine {

/// Made before the shards run a node, destroyed after it.
class NativeServices {
 public:
  /// At most `threads` handlers run at once.
  NativeServices(Runtime& runtime, std::uint32_t threads);
  ~NativeServices();

  /// Adds a service, or replaces the one of its name. Any thread; attempts see it soon after.
  /// - `kInvalidArgument`, `kAlreadyExists`: what was there before stays.
  Result<void> add(ServiceDefinition service);
  /// Handlers that compute, or are about to; any thread.
  std::uint32_t busy() const { return pool_->busy(); }
  /// What the registry is told: what was added. Any thread.
  std::vector<schema::DiscoveredService> discovered() const;
  /// The way to the services for one shard, to be made and destroyed on it.
  std::unique_ptr<invoker::DeploymentClient> make_client(Shard& shard);

 private:
  class Client;

  native::ServiceRegistryPtr registry() const;

  Runtime& runtime_;
  std::unique_ptr<native::ThreadPool> pool_;
  mutable std::mutex mutex_;
  std::vector<ServiceDefinition> definitions_;
  std::vector<schema::DiscoveredService> discovered_;  ///< the same, as the registry knows them
  native::ServiceRegistryPtr registry_;
  std::vector<Client*> clients_;  ///< by shard; each touched on its own shard only
};

}  // namespace restate::engine
