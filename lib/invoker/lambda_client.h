#pragma once

/// \file
/// The way to deployments on AWS Lambda. A function sees the whole request at once, so an attempt
/// collects what it sends until its input ends, and hears everything at once, too.

#include "invoker/attempt_headers.h"
#include "invoker/lambda.h"
#include "invoker/metrics.h"

#include <memory>

namespace restate::invoker {

class LambdaDeploymentClient final : public DeploymentClient {
 public:
  /// `lambda` outlives this object; null: attempts fail, and say that Lambda is not available.
  LambdaDeploymentClient(Shard& shard, LambdaClient* lambda, AttemptHeaderOptions options)
      : shard_(shard), lambda_(lambda), options_(std::move(options)) {}

  std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment, AttemptRequest request,
                                      AttemptListener& listener) override;
  void collect(MetricsSnapshot& out) override { metrics_.collect(out); }

 private:
  class Exchange;

  Shard& shard_;
  LambdaClient* lambda_;
  const AttemptHeaderOptions options_;
  DeploymentMetrics metrics_;
};

}  // namespace restate::invoker
