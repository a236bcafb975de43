#pragma once

/// \file
/// The way from an invoker to the services of its own process: the same frames as over HTTP, without
/// the HTTP.

#include "invoker/deployment_client.h"
#include "native/attempt.h"
#include "native/handler_pool.h"
#include "native/registry.h"

#include <memory>

namespace restate::native {

/// One per shard, over one pool for all of them.
class InProcessClient final : public invoker::DeploymentClient {
 public:
  /// Shard and pool outlive the client.
  InProcessClient(Shard& shard, HandlerPool& pool) : shard_(shard), pool_(pool) {}

  /// The services from now on. Attempts that run keep what they began with; those for any other service
  /// are refused without having been tried, because it may be served later.
  void serve(ServiceRegistryPtr registry) { registry_ = std::move(registry); }

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override;

 private:
  Shard& shard_;
  HandlerPool& pool_;
  ServiceRegistryPtr registry_ = std::make_shared<const ServiceRegistry>();
};

}  // namespace restate::native
