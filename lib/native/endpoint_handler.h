#pragma once

/// \file
/// Native services as an HTTP server shows them: `/discover`, `/invoke/{service}/{handler}`,
/// `/health`.

#include "http/server.h"
#include "native/handler_pool.h"
#include "native/registry.h"

#include <memory>

namespace restate::native {

class EndpointHandler final : public http::ServerHandler {
 public:
  /// Both outlive the handler and its server.
  EndpointHandler(Shard& shard, HandlerPool& pool) : shard_(shard), pool_(pool) {}

  void serve(ServiceRegistryPtr registry) { registry_ = std::move(registry); }
  const ServiceRegistryPtr& services() const { return registry_; }

  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override;

 private:
  void discover(const http::RequestHead& head, http::ServerStream& stream) const;
  std::unique_ptr<http::ServerRequest> invoke(const http::RequestHead& head,
                                              http::ServerStream& stream);

  Shard& shard_;
  HandlerPool& pool_;
  ServiceRegistryPtr registry_ = std::make_shared<const ServiceRegistry>();
};

}  // namespace restate::native
