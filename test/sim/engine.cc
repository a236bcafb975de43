#include "engine.h"

#include "invoker/http_client.h"
#include "invoker/slots.h"
#include "partition/invariants.h"
#include "partition/keys.h"
#include "partition/tables.h"
#include "wire/codec.h"
#include "worker/group.h"
#include "worker/processor.h"
#include "worker/router.h"

#include <restate/bifrost/bifrost.h>
#include <restate/bifrost/providers.h>
#include <restate/metadata/memory_store.h>
#include <restate/metadata/partition_table.h>

#include <algorithm>
#include <map>
#include <vector>

namespace sim {
namespace {

using namespace restate;
using namespace std::chrono_literals;

std::vector<Shard*> shards_of(Runtime& runtime) {
  std::vector<Shard*> shards;
  for (std::uint32_t i = 0; i < runtime.shard_count(); ++i) shards.push_back(&runtime.shard(i));
  return shards;
}

std::map<std::string, std::string> rows_of(const storage::View& view) {
  std::map<std::string, std::string> rows;
  storage::RowCallback collect([&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  const auto scanned = view.scan("", "", collect);
  RESTATE_ASSERT(scanned.has_value(), "a memory store can be read");
  return rows;
}

}  // namespace

namespace {

/// Listens to a log and keeps what it says.
class LogTap final : public bifrost::ReadListener {
 public:
  LogTap(bifrost::Bifrost& bifrost, bifrost::LogId log)
      : id(log), stream_(bifrost.read(log, bifrost::kOldestLsn, KeyRange{}, *this)) {}

  const bifrost::LogId id;
  std::vector<bifrost::Record> records;
  std::uint64_t last = 0;

 private:
  void on_entries(std::span<bifrost::LogEntry> entries) override {
    for (bifrost::LogEntry& entry : entries) {
      last = entry.last.value;
      if (entry.kind == bifrost::LogEntry::Kind::kRecord) records.push_back(entry.record);
    }
  }
  void on_read_error(const Error&) override {}

  std::unique_ptr<bifrost::ReadStream> stream_;
};

}  // namespace

/// In order of dependence; a crash drops them from the end.
struct Engine::Parts {
  Parts(Engine& engine, testing::Node& host)
      : tables(engine.disk_),
        logs(engine.disk_),
        metadata_rows(storage::open_memory_durable_space(engine.disk_, "metadata")),
        metadata(host.shard(0), *metadata_rows),
        local(bifrost::make_local_provider(shards_of(host), logs)),
        node(parts(engine, host), engine.config_),
        log(bifrost::make_bifrost(host.shard(0), metadata, {})) {
    log->add_provider("local", local);
    log->start(Completion<void>(host.shard(0), [](const Result<void>&) {}));
    for (std::uint16_t id = 0; id < engine.options_.partitions; ++id) {
      taps.push_back(std::make_unique<LogTap>(*log, bifrost::LogId{id}));
    }
  }

  node::NodeParts parts(Engine& engine, testing::Node& host) {
    return {
        .runtime = host,
        .store = tables,
        .metadata = metadata,
        .providers = {{"local", local}},
        .default_provider = "local",
        .deployments = [](Shard& shard) -> std::unique_ptr<invoker::DeploymentClient> {
          return std::make_unique<invoker::HttpDeploymentClient>(shard,
                                                                 invoker::HttpDeploymentOptions{});
        },
        .tls = nullptr,
        .identity = nullptr,
        .in_process_services = {},
        .on_failed = [&engine](const Error& error) { engine.failed_ = error; },
    };
  }

  storage::MemoryStore tables;
  storage::MemoryLogStore logs;
  std::unique_ptr<storage::DurableSpace> metadata_rows;
  metadata::DurableStore metadata;
  std::shared_ptr<bifrost::LogletProvider> local;
  node::Node node;
  std::unique_ptr<bifrost::Bifrost> log;
  std::vector<std::unique_ptr<LogTap>> taps;
};

Engine::Engine(testing::World& world, testing::Node& node, Options options)
    : world_(world), node_(node), options_(options), disk_({.crashes = true}) {
  config_.node_name = "sim";
  config_.partitions = options.partitions;
  config_.checkpoint_bytes = options.checkpoint_bytes;
  config_.trim_delay_ms = options.trims ? 50 : 86'400'000;  // a replica reads the whole log
  config_.defaults.inactivity_timeout_ms = 300;
  config_.defaults.retry_initial_ms = 20;
  config_.defaults.retry_max_interval_ms = 200;
  config_.defaults.retry_max_attempts.reset();
  config_.ingress_listener = {node::ListenMode::kTcp, node.host(), kIngress, false, {}};
  config_.admin_listener = {node::ListenMode::kTcp, node.host(), kAdmin, false, {}};
  config_.node_listener.mode = node::ListenMode::kNone;
  disk_.set_sync_time(50us, 500us);
}

Engine::~Engine() { parts_.reset(); }

void Engine::open() {
  ready_ = false;
  parts_ = std::make_unique<Parts>(*this, node_);
  node_.on_crash([this] {
    parts_.reset();
    ready_ = false;
  });
  parts_->node.start(
      Completion<node::BoundAddresses>(node_.shard(0), [this](Result<node::BoundAddresses> bound) {
        if (!bound) {
          if (!failed_) failed_ = bound.error();
          return;
        }
        parts_->node.when_ready(Completion<void>(
            node_.shard(0), [this](Result<void> ready) { ready_ = ready.has_value(); }));
      }));
}

void Engine::crash(std::uint64_t seed) {
  if (!node_.running()) return;
  world_.crash(node_);
  world_.run_until([this] { return !node_.running(); }, 1s);
  disk_.crash(seed);
  failed_.reset();
  world_.restart(node_);
}

void Engine::stop() {
  node_.begin_shutdown();
  bool stopped = false;
  parts_->node.stop(Completion<void>(node_.shard(0), [&](Result<void>) { stopped = true; }));
  world_.run_until([&] { return stopped; }, 60s);
  RESTATE_ASSERT(stopped, "an orderly stop ends");
  const auto closed = parts_->tables.close();
  RESTATE_ASSERT(closed.has_value(), "a store without faults closes");
  parts_.reset();
  ready_ = false;
}

void Engine::repeat_record(Random& random) {
  if (!parts_) return;
  const LogTap& tap = *parts_->taps[random.below(parts_->taps.size())];
  if (tap.records.empty()) return;
  // Mostly one of the last: what was repeated long ago is as good as never.
  const std::size_t reach = random.below(2) == 0 ? 3 : tap.records.size();
  const std::size_t back = 1 + random.below(std::min(reach, tap.records.size()));
  bifrost::Record record = tap.records[tap.records.size() - back];
  const auto envelope = wire::decode(record.body);
  if (!envelope || std::holds_alternative<wire::NoDedup>(envelope->dedup)) return;
  record.created_at = node_.shard(0).wall_now();
  bifrost::RecordBatch batch;
  batch.push_back(std::move(record));
  parts_->log->append(tap.id, std::move(batch),
                      Completion<bifrost::Lsn>(node_.shard(0), [](const Result<bifrost::Lsn>&) {}));
}

Result<void> Engine::check_rest() {
  storage::MemoryStore tables(disk_);
  for (std::uint16_t id = 0; id < options_.partitions; ++id) {
    RESTATE_TRY(const auto space, tables.open(PartitionId{id}, node_.shard(0)));
    const std::string where = "partition " + std::to_string(id) + " is not at rest: ";
    for (const auto& [key, value] : rows_of(*space)) {
      for (const std::string_view table :
           {partition::keys::kOutbox, partition::keys::kInbox, partition::keys::kLocks}) {
        if (key.starts_with(table)) {
          return Error{Code::kCorrupt, where + "a row is left in table " + std::string(table)};
        }
      }
    }
    // Timers outlive a killed invocation, but not their time.
    bool overdue = false;
    RESTATE_TRY_VOID(partition::Tables(PartitionId{id}, *space)
                         .scan_timers(std::nullopt, [&](partition::TimerRow&& timer) {
                           overdue = timer.key.at <= node_.shard(0).wall_now();
                           return false;
                         }));
    if (overdue) return Error{Code::kCorrupt, where + "a timer is overdue"};
    std::optional<std::string> running;
    RESTATE_TRY_VOID(partition::Tables(PartitionId{id}, *space)
                         .scan_invocations(KeyRange{}, [&](const InvocationId& invocation,
                                                           const partition::StatusHeader& header,
                                                           std::string_view) {
                           if (header.status == partition::Status::kCompleted) return true;
                           running = invocation.str() + " is " +
                                     std::string(partition::to_string(header.status));
                           return false;
                         }));
    if (running) return Error{Code::kCorrupt, where + *running};
  }
  return {};
}

Result<void> Engine::check_rows() {
  storage::MemoryStore tables(disk_);
  for (std::uint16_t id = 0; id < options_.partitions; ++id) {
    RESTATE_TRY(const auto space, tables.open(PartitionId{id}, node_.shard(0)));
    if (auto checked = partition::check_invariants(*space); !checked) {
      return std::move(checked).error().within("partition " + std::to_string(id));
    }
  }
  return {};
}

Result<void> Engine::check_replica(testing::Node& spare) {
  Shard& shard = spare.shard(0);
  storage::MemoryDisk fresh;
  storage::MemoryStore tables(fresh);
  storage::MemoryLogStore logs(disk_);
  const auto metadata_rows = storage::open_memory_durable_space(disk_, "metadata");
  metadata::DurableStore metadata(shard, *metadata_rows);
  const auto log = bifrost::make_bifrost(shard, metadata, {});
  log->add_provider("local", bifrost::make_local_provider({&shard}, logs));
  bool started = false;
  log->start(Completion<void>(shard, [&](Result<void> result) { started = result.has_value(); }));
  world_.run_until([&] { return started; }, 60s);

  invoker::HttpDeploymentClient deployments(shard, {});
  invoker::SharedLimits limits(1, {&shard});
  worker::WorkerOptions options;
  options.lead = false;
  worker::ShardContext context{shard,
                               tables,
                               *log,
                               metadata,
                               deployments,
                               limits,
                               [] { return schema::snapshot({}); },
                               options,
                               [](const Error&) {}};
  worker::Group group(context);
  const auto table =
      metadata::PartitionTable::make(options_.partitions, metadata::ReplicationProperty{});
  std::vector<worker::Router::Route> routes;
  for (const auto& [id, partition] : table.partitions)
    routes.push_back({partition.keys, id, &shard});
  worker::Router router(std::move(routes));
  Result<void> verdict;
  for (const auto& [id, partition] : table.partitions) {
    // What the leader's tables say, and up to where.
    std::map<std::string, std::string> expected;
    std::uint64_t applied = 0;
    {
      storage::MemoryStore original(disk_);
      RESTATE_TRY(const auto space, original.open(id, shard));
      expected = rows_of(*space);
      applied = space->committed().value;
    }
    worker::PartitionProcessor replica(context, group, router,
                                       {id, partition.keys, bifrost::LogId{id.value}});
    replica.start();
    world_.run_until([&] { return replica.machine().applied() >= applied; }, 600s);
    const auto actual = rows_of(replica.space());
    LogTap tap(*log, bifrost::LogId{id.value});
    world_.run_until([&] { return tap.last >= applied; }, 600s);
    for (const bifrost::Record& record : tap.records) {
      RESTATE_TRY(const wire::Envelope envelope, wire::decode(record.body));
      ++commands_[std::string(wire::command_name(envelope.command))];
    }
    if (actual != expected && verdict) {
      verdict =
          Error{Code::kCorrupt,
                "partition " + std::to_string(id.value) + ": a replica of " +
                    std::to_string(actual.size()) + " rows at LSN " +
                    std::to_string(replica.machine().applied()) + " differs from the leader's " +
                    std::to_string(expected.size()) + " at " + std::to_string(applied)};
    }
  }
  return verdict;
}

}  // namespace sim
