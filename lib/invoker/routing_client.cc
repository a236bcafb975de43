#include "invoker/deployment_client.h"

#include <utility>

namespace restate::invoker {

namespace {

/// A stream to nowhere.
class NoWay final : public AttemptStream {
 public:
  NoWay(Shard& shard, AttemptListener& listener) {
    shard.post(scope_.bind([&listener] {
      listener.on_error({{Code::kUnavailable, "no client for this kind of deployment"}, {}});
    }));
  }
  void send(ByteChain) override {}
  void close_input() override {}
  std::size_t unsent_bytes() const override { return 0; }

 private:
  Scope scope_;
};

}  // namespace

std::unique_ptr<AttemptStream> RoutingDeploymentClient::open(const schema::Deployment& deployment,
                                                             AttemptRequest request,
                                                             AttemptListener& listener) {
  DeploymentClient* client = deployment.in_process            ? in_process_
                             : !deployment.lambda_arn.empty() ? lambda_
                                                              : network_;
  if (client == nullptr) return std::make_unique<NoWay>(shard_, listener);
  return client->open(deployment, std::move(request), listener);
}

void RoutingDeploymentClient::collect(MetricsSnapshot& out) {
  for (DeploymentClient* client : {network_, in_process_, lambda_}) {
    if (client != nullptr) client->collect(out);
  }
}

}  // namespace restate::invoker
