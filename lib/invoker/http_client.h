#pragma once

/// \file
/// The way to deployments over HTTP, on the connection pools of one shard.

#include "http/client.h"
#include "invoker/deployment_client.h"
#include "protocol/identity.h"

#include <memory>
#include <vector>

namespace restate::invoker {

struct HttpDeploymentOptions {
  http::ClientOptions http;
  /// Sent with every request, behind all other headers; `x-restate-cluster-name` by default.
  std::vector<wire::Header> additional_headers;
  /// Null: requests are not signed.
  std::shared_ptr<const protocol::RequestIdentity> identity;
};

class HttpDeploymentClient final : public DeploymentClient {
 public:
  HttpDeploymentClient(Shard& shard, HttpDeploymentOptions options);
  ~HttpDeploymentClient();

  std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment, AttemptRequest request,
                                      AttemptListener& listener) override;

 private:
  class Exchange;

  Shard& shard_;
  const HttpDeploymentOptions options_;
  http::Client client_;
};

}  // namespace restate::invoker
