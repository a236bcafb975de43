#pragma once

/// \file
/// The way to deployments over HTTP, on the connection pools of one shard.

#include "http/client.h"
#include "invoker/attempt_headers.h"
#include "invoker/metrics.h"

#include <memory>

namespace restate::invoker {

struct HttpDeploymentOptions : AttemptHeaderOptions {
  http::ClientOptions http;
};

class HttpDeploymentClient final : public DeploymentClient {
 public:
  HttpDeploymentClient(Shard& shard, HttpDeploymentOptions options);
  ~HttpDeploymentClient();

  std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment, AttemptRequest request,
                                      AttemptListener& listener) override;
  void collect(MetricsSnapshot& out) override;

 private:
  class Exchange;

  Shard& shard_;
  const HttpDeploymentOptions options_;
  DeploymentMetrics metrics_;
  http::Client client_;
};

}  // namespace restate::invoker
