#include "engine/assembly.h"

#include "common/metrics.h"
#include "connect/otlp.h"
#include "connect/tls.h"
#include "engine/lazy_tls.h"
#include "invoker/http_client.h"
#include "invoker/lambda_client.h"
#include "protocol/identity.h"
#include "worker/copy_store.h"

#include <restate/bifrost/providers.h>
#include <restate/metadata/durable_store.h>

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace restate::engine {
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

/// Memory of this process, as the system counts it, whatever allocates: dashboards look for the name.
void add_process(MetricsSnapshot& out) {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  if (!(file >> pages >> resident)) return;
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  out.gauge("jemalloc_resident_bytes", {}, static_cast<double>(resident) * page_bytes);
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

}  // namespace

/// In the order in which they are opened; they close in the reverse order.
struct Assembly::Parts {
  explicit Parts(Runtime& r) : runtime(r) {}

  void fail(const Error& error) {
    if (!failed.exchange(true) && options.on_failed) options.on_failed(error);
  }
  std::unique_ptr<invoker::LambdaClient> lambda_client(Shard& shard) {
    return lambda ? lambda->make_client(shard) : nullptr;
  }

  Runtime& runtime;
  AssemblyOptions options;
  std::atomic<bool> failed{false};
  Disk disk;
  std::unique_ptr<metadata::DurableStore> metadata;
  std::shared_ptr<bifrost::LogletProvider> local;
  std::unique_ptr<http::TlsConnector> tls;
  std::unique_ptr<http::TlsAcceptor> postgres_tls;
  std::unique_ptr<kafka::Connector> kafka;
  std::unique_ptr<worker::CopyStore> copies;
  std::shared_ptr<const protocol::RequestIdentity> identity;
  std::unique_ptr<connect::Lambda> lambda;
  connect::SinkFactory traces;  ///< nothing: nobody traces
  invoker::HttpDeploymentOptions deployments;
  std::string identity_key;
};

Result<std::unique_ptr<Assembly>> Assembly::open(const node::Config& config, Runtime& runtime,
                                                 AssemblyOptions options) {
  auto parts = std::make_unique<Parts>(runtime);
  Parts* raw = parts.get();
  parts->options = std::move(options);
  if (parts->options.data_dir.empty()) {
    parts->disk = open_memory();
  } else {
    RESTATE_TRY(parts->disk,
                parts->options.open_disk(parts->options.data_dir, config,
                                         [raw](const Error& error) { raw->fail(error); }));
  }

  std::vector<Shard*> shards;
  for (std::uint32_t i = 0; i < runtime.shard_count(); ++i) shards.push_back(&runtime.shard(i));
  parts->metadata = std::make_unique<metadata::DurableStore>(runtime.shard(0), *parts->disk.metadata);
  parts->local = bifrost::make_local_provider(shards, *parts->disk.logs,
                                              {.recent_bytes = config.memory.log_cache});

  if (parts->options.lazy_tls) {
    parts->tls = std::make_unique<LazyTls>();
  } else {
    RESTATE_TRY(parts->tls, connect::make_tls_connector());
  }
  if (config.postgres.enabled && !config.postgres.certificate_file.empty()) {
    RESTATE_TRY(parts->postgres_tls,
                connect::make_tls_acceptor({config.postgres.certificate_file,
                                            config.postgres.key_file}));
  }
  if (parts->options.kafka) parts->kafka = parts->options.kafka();
  constexpr std::string_view kFiles = "file://";
  if (config.snapshot_destination.starts_with(kFiles)) {
    parts->copies = worker::make_copy_directory(config.snapshot_destination.substr(kFiles.size()));
  }
  if (!config.identity_key_file.empty()) {
    RESTATE_TRY(const auto pem, read_file(config.identity_key_file));
    RESTATE_TRY(parts->identity,
                protocol::RequestIdentity::from_pem(pem, config.identity_expiration_ms));
    parts->identity_key = parts->identity->public_key();
  }
  parts->deployments.http = client_options(config.service_client);
  parts->deployments.http.tls = parts->tls.get();
  parts->deployments.identity = parts->identity;
  for (const auto& [name, value] : config.additional_request_headers) {
    parts->deployments.additional_headers.push_back({name, value});
  }
  const bool own = !config.tracing_services_endpoint.empty();
  if (const auto& endpoint = own ? config.tracing_services_endpoint : config.tracing_endpoint;
      !endpoint.empty()) {
    auto sinks = connect::make_otlp_sinks(
        {.endpoint = endpoint,
         .headers = config.tracing_headers,
         .cluster = config.cluster_name,
         .node = config.node_name,
         .attributes = parts->options.environment["OTEL_RESOURCE_ATTRIBUTES"],
         .tls = parts->tls.get()});
    if (!sinks) {
      return std::move(sinks).error().within(own ? "tracing-services-endpoint"
                                                 : "tracing-endpoint");
    }
    parts->traces = *std::move(sinks);
  }
  if (parts->options.lambda) {
    parts->lambda = parts->options.lambda(lambda_options(config, parts->options.environment));
  }
  return std::unique_ptr<Assembly>(new Assembly(std::move(parts)));
}

Assembly::Assembly(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Assembly::~Assembly() {
  // Clean shutdown flushes the tables, so that the next start has nothing to apply again.
  if (!parts_->failed) static_cast<void>(parts_->disk.tables->close());
}

const std::string& Assembly::identity_key() const { return parts_->identity_key; }

node::NodeParts Assembly::parts() {
  Parts* raw = parts_.get();
  return {
      .runtime = raw->runtime,
      .store = *raw->disk.tables,
      .metadata = *raw->metadata,
      .providers = {{"local", raw->local}},
      .default_provider = "local",
      .deployments = [raw](Shard& shard) -> std::unique_ptr<invoker::DeploymentClient> {
        return std::make_unique<ShardDeployments>(
            shard, raw->deployments,
            raw->options.in_process ? raw->options.in_process(shard) : nullptr,
            raw->lambda_client(shard));
      },
      .lambda = [raw](Shard& shard) { return raw->lambda_client(shard); },
      .tls = raw->tls.get(),
      .kafka = raw->kafka.get(),
      .copies = raw->copies.get(),
      .identity = raw->identity,
      .postgres_tls = raw->postgres_tls.get(),
      .in_process_services = raw->options.in_process_services,
      .traces = [raw](Shard& shard) -> std::unique_ptr<trace::Sink> {
        return raw->traces ? raw->traces(shard) : nullptr;
      },
      .collect =
          [raw](MetricsSnapshot& out) {
            raw->disk.tables->collect(out);
            raw->disk.logs->collect(out);
            add_process(out);
          },
      .on_failed = [raw](const Error& error) { raw->fail(error); },
  };
}

}  // namespace restate::engine
