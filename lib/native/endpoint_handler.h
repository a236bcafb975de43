#pragma once

/// \file
/// Native services as an HTTP server shows them: `/discover`, `/invoke/{service}/{handler}`,
/// `/health`.

#include "http/server.h"
#include "native/endpoint_identity.h"
#include "native/handler_pool.h"
#include "native/registry.h"

#include <memory>
#include <utility>

namespace restate::native {

class EndpointHandler final : public http::ServerHandler {
 public:
  /// Both outlive the handler and its server.
  EndpointHandler(Shard& shard, HandlerPool& pool, ProtocolRange protocols = {})
      : shard_(shard), pool_(pool), protocols_(protocols) {}

  /// From now on only requests that it accepts are answered, `/health` excepted. Null: all are.
  void require(std::shared_ptr<const RequestVerifier> verifier) { verifier_ = std::move(verifier); }

  void serve(ServiceRegistryPtr registry) { registry_ = std::move(registry); }
  const ServiceRegistryPtr& services() const { return registry_; }

  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override;

 private:
  /// Answers 401, or lets the request pass.
  bool identified(const http::RequestHead& head, http::ServerStream& stream) const;
  void discover(const http::RequestHead& head, http::ServerStream& stream) const;
  std::unique_ptr<http::ServerRequest> invoke(const http::RequestHead& head,
                                              http::ServerStream& stream);

  Shard& shard_;
  HandlerPool& pool_;
  const ProtocolRange protocols_;
  std::shared_ptr<const RequestVerifier> verifier_;
  ServiceRegistryPtr registry_ = std::make_shared<const ServiceRegistry>();
};

}  // namespace restate::native
