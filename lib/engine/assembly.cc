#include "engine/assembly.h"

#include "common/metrics.h"

#include <restate/bifrost/providers.h>
#include <restate/metadata/durable_store.h>

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <utility>

namespace restate::engine {
namespace {

/// Memory of this process, as the system counts it, whatever allocates: dashboards look for the
/// name.
void add_process(MetricsSnapshot& out) {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  if (!(file >> pages >> resident)) return;
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  out.gauge("jemalloc_resident_bytes", {}, static_cast<double>(resident) * page_bytes);
}

/// The way to the services of this process, where there is no other.
class InProcessOnly final : public invoker::DeploymentClient {
 public:
  InProcessOnly(Shard& shard, std::unique_ptr<invoker::DeploymentClient> in_process)
      : in_process_(std::move(in_process)), routing_(shard, nullptr, in_process_.get()) {}

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override {
    return routing_.open(deployment, std::move(request), listener);
  }
  void collect(MetricsSnapshot& out) override { routing_.collect(out); }

 private:
  std::unique_ptr<invoker::DeploymentClient> in_process_;
  invoker::RoutingDeploymentClient routing_;
};

}  // namespace

/// In the order in which they are opened; they close in the reverse order.
struct Assembly::Parts {
  explicit Parts(Runtime& r) : runtime(r) {}

  void fail(const Error& error) {
    if (!failed.exchange(true) && options.on_failed) options.on_failed(error);
  }
  std::unique_ptr<invoker::DeploymentClient> make_client(Shard& shard) {
    auto in_process = options.in_process ? options.in_process(shard) : nullptr;
    if (network) return network->make_client(shard, std::move(in_process));
    return std::make_unique<InProcessOnly>(shard, std::move(in_process));
  }

  Runtime& runtime;
  AssemblyOptions options;
  std::atomic<bool> failed{false};
  Disk disk;
  std::unique_ptr<metadata::DurableStore> metadata;
  std::shared_ptr<bifrost::LogletProvider> local;
  std::unique_ptr<Network> network;  ///< null: the process keeps to itself
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
  parts->metadata =
      std::make_unique<metadata::DurableStore>(runtime.shard(0), *parts->disk.metadata);
  parts->local = bifrost::make_local_provider(shards, *parts->disk.logs,
                                              {.recent_bytes = config.memory.log_cache});
  if (parts->options.open_network != nullptr) {
    RESTATE_TRY(parts->network,
                parts->options.open_network(config, std::move(parts->options.network)));
  }
  return std::unique_ptr<Assembly>(new Assembly(std::move(parts)));
}

Assembly::Assembly(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Assembly::~Assembly() {
  // Clean shutdown flushes the tables, so that the next start has nothing to apply again.
  if (!parts_->failed) static_cast<void>(parts_->disk.tables->close());
}

bool Assembly::failed() const { return parts_->failed; }

std::string Assembly::identity_key() const {
  return parts_->network ? parts_->network->identity_key() : std::string();
}

node::NodeParts Assembly::parts() {
  Parts* raw = parts_.get();
  node::NodeParts parts{
      .runtime = raw->runtime,
      .store = *raw->disk.tables,
      .metadata = *raw->metadata,
      .providers = {{"local", raw->local}},
      .default_provider = "local",
      .deployments = [raw](Shard& shard) { return raw->make_client(shard); },
      .copies = raw->disk.copies.get(),
      .in_process_services = raw->options.in_process_services,
      .collect =
          [raw](MetricsSnapshot& out) {
            raw->disk.tables->collect(out);
            raw->disk.logs->collect(out);
            add_process(out);
          },
      .on_failed = [raw](const Error& error) { raw->fail(error); },
  };
  if (raw->network) raw->network->lend(parts);
  return parts;
}

}  // namespace restate::engine
