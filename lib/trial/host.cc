#include "trial/host.h"

#include "admin/discoverer.h"
#include "protocol/discovery.h"
#include "trial/watched_logs.h"

#include <restate/bifrost/providers.h>
#include <restate/metadata/durable_store.h>
#include <restate/storage/durable_space.h>

#include <utility>
#include <variant>

namespace restate::testing {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRestartPause = 20ms;
/// A frame that makes no record in the log: the crash comes all the same.
constexpr Duration kLongestWaitForDurable = 5ms;
constexpr std::uint64_t kSeldomMs = 86'400'000;

node::Config config_of(const ApplicationOptions& options, bool impatient) {
  node::Config config;
  config.node_name = "application";
  config.base_dir.clear();
  config.roles = {"worker", "log-server", "metadata-server"};
  config.partitions = options.partitions;
  config.node_listener.mode = node::ListenMode::kNone;
  config.ingress_listener.mode = node::ListenMode::kNone;
  config.admin_listener.mode = node::ListenMode::kNone;
  const Duration inactivity = impatient ? Duration(1ms) : options.inactivity_timeout;
  config.defaults.inactivity_timeout_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(inactivity).count());
  config.defaults.retry_initial_ms = 10;
  config.defaults.retry_max_attempts.reset();
  // What an engine does now and then only costs events here.
  config.cleanup_interval_ms = config.trim_delay_ms = config.durability_check_ms = kSeldomMs;
  config.status_interval_ms = kSeldomMs;
  return config;
}

std::vector<schema::DiscoveredService> discovered(const native::ServiceRegistry& registry) {
  auto parsed = protocol::parse_discovery(
      200, {{"content-type", std::string(native::kManifestContentType)}},
      native::manifest_json(registry), {});
  RESTATE_ASSERT(std::holds_alternative<protocol::Manifest>(parsed),
                 "our own manifest passes our own rules");
  return admin::to_discovered(std::get<protocol::Manifest>(parsed), schema::HttpVersion::kHttp2)
      .services;
}

/// There is no network: everything is in the process.
class Deployments final : public invoker::DeploymentClient {
 public:
  Deployments(Shard& shard, TrialState& trial, Crasher& crasher,
              native::ServiceRegistryPtr registry)
      : observed_(shard, trial, crasher, std::move(registry)),
        routing_(shard, nullptr, &observed_) {}

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override {
    return routing_.open(deployment, std::move(request), listener);
  }

 private:
  ObservedClient observed_;
  invoker::RoutingDeploymentClient routing_;
};

}  // namespace

/// In order of dependence; a crash drops them from the end.
struct Host::Parts {
  explicit Parts(Host& host)
      : tables(host.disk_),
        logs(host.disk_),
        watched(logs),
        metadata_rows(storage::open_memory_durable_space(host.disk_, "metadata")),
        metadata(host.shard(), *metadata_rows),
        local(bifrost::make_local_provider({&host.shard()}, watched)),
        node(parts(host), host.config_) {}

  node::NodeParts parts(Host& host) {
    return {
        .runtime = host.node_,
        .store = tables,
        .metadata = metadata,
        .providers = {{"local", local}},
        .default_provider = "local",
        .deployments = [&host](Shard& shard) -> std::unique_ptr<invoker::DeploymentClient> {
          Crasher& crasher = host;
          return std::make_unique<Deployments>(shard, host.trial_, crasher, host.registry_);
        },
        .in_process_services = host.services_,
        .on_failed = [&host](const Error& error) { host.trial_.fail(error.describe()); },
    };
  }

  storage::MemoryStore tables;
  storage::MemoryLogStore logs;
  WatchedLogs watched;
  std::unique_ptr<storage::DurableSpace> metadata_rows;
  metadata::DurableStore metadata;
  std::shared_ptr<bifrost::LogletProvider> local;
  node::Node node;
};

Host::Host(TrialState& trial, native::ServiceRegistryPtr registry,
           const ApplicationOptions& options, Task on_ready)
    : trial_(trial),
      registry_(std::move(registry)),
      config_(config_of(options, trial.faults().impatient)),
      services_(discovered(*registry_)),
      on_ready_(std::move(on_ready)),
      node_(trial.world().add_node()),
      disk_({.crashes = true}) {
  trial_.set_crasher(this);
  open();
}

Host::~Host() {
  closing_ = true;
  crash_now();
  trial_.set_crasher(nullptr);
}

node::Node& Host::node() {
  RESTATE_ASSERT(ready_, "the application is up");
  return parts_->node;
}

void Host::open() {
  parts_ = std::make_unique<Parts>(*this);
  node_.on_crash([this] { on_crash(); });
  parts_->node.start(
      Completion<node::BoundAddresses>(shard(), [this](Result<node::BoundAddresses> bound) {
        if (!bound) return trial_.fail(bound.error().describe());
        parts_->node.when_ready(Completion<void>(shard(), [this](Result<void> ready) {
          ready_ = ready.has_value();
          if (ready_) on_ready_();
        }));
      }));
}

void Host::on_crash() {
  parts_.reset();
  ready_ = false;
  if (closing_) return;
  trial_.on_crash();
  trial_.world().after(kRestartPause, scope_.bind([this] {
    disk_.crash(trial_.draw());
    trial_.world().restart(node_);
    // The node runs again once this event is over.
    trial_.world().after({}, scope_.bind([this] {
      trial_.on_restart();
      open();
    }));
  }));
}

void Host::crash_now() {
  if (node_.running()) trial_.world().crash(node_);
}

void Host::crash_when_durable() {
  parts_->watched.watch_next([this] { crash_now(); });
  trial_.world().after(kLongestWaitForDurable,
                       scope_.bind([this, generation = node_.generation()] {
                         if (node_.generation() == generation) crash_now();
                       }));
}

}  // namespace restate::testing
