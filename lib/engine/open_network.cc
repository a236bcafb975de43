#include "engine/network.h"

#include "connect/otlp.h"
#include "connect/tls.h"
#include "engine/lazy_tls.h"
#include "invoker/http_client.h"
#include "invoker/lambda_client.h"
#include "node/ports.h"
#include "protocol/identity.h"

#include <restate/engine.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace restate {
namespace engine {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Error{Code::kInvalidArgument, "cannot read '" + path + "': " + std::strerror(errno)};
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

http::ClientOptions client_options(const node::ServiceClientConfig& config) {
  http::ClientOptions options;
  options.connect_timeout = milliseconds(config.connect_timeout_ms);
  options.ping_interval = milliseconds(config.keep_alive_interval_ms);
  options.ping_timeout = milliseconds(config.keep_alive_timeout_ms);
  options.ping_jitter_percent =
      static_cast<std::uint32_t>(std::lround(config.keep_alive_jitter * 100));
  options.streams_per_connection = config.streams_per_connection;
  if (config.initial_send_streams) options.initial_streams = *config.initial_send_streams;
  options.idle_timeout = milliseconds(config.idle_timeout_ms);
  options.stream_window = static_cast<std::uint32_t>(config.stream_window);
  options.connection_window = static_cast<std::uint32_t>(config.connection_window);
  options.max_frame_bytes = static_cast<std::uint32_t>(config.max_frame_bytes);
  options.proxy = config.proxy;
  options.no_proxy = config.no_proxy;
  return options;
}

connect::LambdaOptions lambda_options(const node::Config& config,
                                      std::map<std::string, std::string> environment) {
  connect::LambdaOptions options;
  options.environment = std::move(environment);
  options.profile = config.lambda.profile;
  options.external_id = config.lambda.external_id;
  options.compression_threshold = config.lambda.compression_threshold;
  options.connect_timeout = milliseconds(config.service_client.connect_timeout_ms);
  if (config.service_client.proxy) options.proxy = *config.service_client.proxy;
  options.no_proxy = config.service_client.no_proxy;
  return options;
}

/// The ways to deployments from one shard.
class ShardDeployments final : public invoker::DeploymentClient {
 public:
  ShardDeployments(Shard& shard, const invoker::HttpDeploymentOptions& options,
                   std::unique_ptr<invoker::DeploymentClient> in_process,
                   std::unique_ptr<invoker::LambdaClient> lambda_client)
      : network_(shard, options),
        in_process_(std::move(in_process)),
        lambda_client_(std::move(lambda_client)),
        lambda_(shard, lambda_client_.get(), options),
        routing_(shard, &network_, in_process_.get(), &lambda_) {}

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override {
    return routing_.open(deployment, std::move(request), listener);
  }
  void collect(MetricsSnapshot& out) override { routing_.collect(out); }

 private:
  invoker::HttpDeploymentClient network_;
  std::unique_ptr<invoker::DeploymentClient> in_process_;
  std::unique_ptr<invoker::LambdaClient> lambda_client_;
  invoker::LambdaDeploymentClient lambda_;
  invoker::RoutingDeploymentClient routing_;
};

class OpenedNetwork final : public Network {
 public:
  Result<void> open(const node::Config& config, NetworkOptions options);

  void lend(node::NodeParts& parts) override;
  std::unique_ptr<invoker::DeploymentClient> make_client(
      Shard& shard, std::unique_ptr<invoker::DeploymentClient> in_process) override {
    return std::make_unique<ShardDeployments>(shard, deployments_, std::move(in_process),
                                              lambda_client(shard));
  }
  const std::string& identity_key() const override { return identity_key_; }

 private:
  Result<void> open_tls(const node::Config& config, bool lazy);
  Result<void> open_identity(const node::Config& config);
  Result<void> open_traces(const node::Config& config, const std::string& attributes);
  std::unique_ptr<invoker::LambdaClient> lambda_client(Shard& shard) {
    return lambda_ ? lambda_->make_client(shard) : nullptr;
  }

  // In the order in which they are opened; they close in the reverse order.
  std::unique_ptr<http::TlsConnector> tls_;
  std::unique_ptr<http::TlsAcceptor> postgres_tls_;
  std::unique_ptr<kafka::Connector> kafka_;
  std::shared_ptr<const protocol::RequestIdentity> identity_;
  std::string identity_key_;
  std::unique_ptr<connect::Lambda> lambda_;
  connect::SinkFactory traces_;  ///< nothing: nobody traces
  invoker::HttpDeploymentOptions deployments_;
};

Result<void> OpenedNetwork::open(const node::Config& config, NetworkOptions options) {
  RESTATE_TRY_VOID(open_tls(config, options.lazy_tls));
  if (options.kafka) kafka_ = options.kafka();
  RESTATE_TRY_VOID(open_identity(config));
  deployments_.http = client_options(config.service_client);
  deployments_.http.tls = tls_.get();
  deployments_.identity = identity_;
  for (const auto& [name, value] : config.additional_request_headers) {
    deployments_.additional_headers.push_back({name, value});
  }
  RESTATE_TRY_VOID(open_traces(config, options.environment["OTEL_RESOURCE_ATTRIBUTES"]));
  if (options.lambda) {
    lambda_ = options.lambda(lambda_options(config, std::move(options.environment)));
  }
  return {};
}

Result<void> OpenedNetwork::open_tls(const node::Config& config, bool lazy) {
  if (lazy) {
    tls_ = std::make_unique<LazyTls>();
  } else {
    RESTATE_TRY(tls_, connect::make_tls_connector());
  }
  if (!config.postgres.enabled || config.postgres.certificate_file.empty()) return {};
  RESTATE_TRY(postgres_tls_, connect::make_tls_acceptor({config.postgres.certificate_file,
                                                         config.postgres.key_file}));
  return {};
}

Result<void> OpenedNetwork::open_identity(const node::Config& config) {
  if (config.identity_key_file.empty()) return {};
  RESTATE_TRY(const auto pem, read_file(config.identity_key_file));
  RESTATE_TRY(identity_, protocol::RequestIdentity::from_pem(pem, config.identity_expiration_ms));
  identity_key_ = identity_->public_key();
  return {};
}

Result<void> OpenedNetwork::open_traces(const node::Config& config, const std::string& attributes) {
  const bool own = !config.tracing_services_endpoint.empty();
  const auto& endpoint = own ? config.tracing_services_endpoint : config.tracing_endpoint;
  if (endpoint.empty()) return {};
  auto sinks = connect::make_otlp_sinks({.endpoint = endpoint,
                                         .headers = config.tracing_headers,
                                         .cluster = config.cluster_name,
                                         .node = config.node_name,
                                         .attributes = attributes,
                                         .tls = tls_.get()});
  if (!sinks) {
    return std::move(sinks).error().within(own ? "tracing-services-endpoint" : "tracing-endpoint");
  }
  traces_ = *std::move(sinks);
  return {};
}

void OpenedNetwork::lend(node::NodeParts& parts) {
  parts.ports = &node::all_ports();
  parts.lambda = [this](Shard& shard) { return lambda_client(shard); };
  parts.tls = tls_.get();
  parts.kafka = kafka_.get();
  parts.identity = identity_;
  parts.postgres_tls = postgres_tls_.get();
  parts.traces = [this](Shard& shard) -> std::unique_ptr<trace::Sink> {
    return traces_ ? traces_(shard) : nullptr;
  };
}

}  // namespace

Result<std::unique_ptr<Network>> open_network(const node::Config& config, NetworkOptions options) {
  auto network = std::make_unique<OpenedNetwork>();
  RESTATE_TRY_VOID(network->open(config, std::move(options)));
  return std::unique_ptr<Network>(std::move(network));
}

}  // namespace engine

const engine::Links& Ports::Code::links() {
  static constexpr engine::Links kLinks{engine::open_network};
  return kLinks;
}

}  // namespace restate
