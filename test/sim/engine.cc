#include "engine.h"

#include "admin/registry_client.h"
#include "audit.h"
#include "checked_store.h"
#include "common/hash.h"
#include "invoker/http_client.h"
#include "node/ports.h"
#include "partition/invariants.h"
#include "partition/keys.h"
#include "partition/tables.h"
#include "wire/codec.h"

#include <restate/bifrost/bifrost.h>
#include <restate/bifrost/providers.h>
#include <restate/metadata/memory_store.h>

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

/// Everything that has a scope lives where the scope's key is.
Result<void> check_scopes(PartitionId id, const storage::View& rows) {
  const partition::Tables tables(id, rows);
  std::optional<std::string> lost;
  RESTATE_TRY_VOID(tables.scan_invocations(
      KeyRange{}, [&](const InvocationId& invocation, const partition::StatusHeader&,
                      std::string_view) {
        const auto status = tables.find_invocation(invocation);
        if (!status || !*status || !(*status)->target.scope) return true;
        if (invocation.key == key_of(*(*status)->target.scope)) return true;
        lost = invocation.str();
        return false;
      }));
  if (!lost) return {};
  return Error{Code::kCorrupt, *lost + " does not live where its scope does"};
}

/// Looks at every span and keeps none.
class CheckedSpans final : public trace::Sink {
 public:
  explicit CheckedSpans(Shard& shard) : shard_(shard) {}
  std::uint64_t now_ns() override { return shard_.wall_now().ms * 1'000'000; }
  void emit(trace::Span span) override {
    RESTATE_ASSERT(!span.name.empty() && span.context.sampled && span.context.span,
                   "a span has a name and an id, and is wanted");
  }

 private:
  Shard& shard_;
};

/// Listens to a log and keeps what it says.
class LogTap final : public bifrost::ReadListener {
 public:
  LogTap(bifrost::Bifrost& bifrost, bifrost::LogId log)
      : id(log), stream_(bifrost.read(log, bifrost::kOldestLsn, KeyRange{}, *this)) {}

  const bifrost::LogId id;
  std::vector<bifrost::LogEntry> records;
  std::uint64_t last = 0;

 private:
  void on_entries(std::span<bifrost::LogEntry> entries) override {
    for (bifrost::LogEntry& entry : entries) {
      last = entry.last.value;
      if (entry.kind == bifrost::LogEntry::Kind::kRecord) records.push_back(entry);
    }
  }
  void on_read_error(const Error&) override {}

  std::unique_ptr<bifrost::ReadStream> stream_;
};

}  // namespace

/// In order of dependence; a crash drops them from the end.
struct Engine::Parts {
  Parts(Engine& engine, testing::Node& host)
      : tables(engine.disk_, engine.broken_),
        logs(engine.disk_),
        metadata_rows(storage::open_memory_durable_space(engine.disk_, "metadata")),
        metadata(host.shard(0), *metadata_rows),
        local(bifrost::make_local_provider(
            shards_of(host), logs, {.recent_bytes = engine.config_.memory.log_cache})),
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
        .ports = &node::all_ports(),
        .deployments = [](Shard& shard) -> std::unique_ptr<invoker::DeploymentClient> {
          return std::make_unique<invoker::HttpDeploymentClient>(shard,
                                                                 invoker::HttpDeploymentOptions{});
        },
        .tls = nullptr,
        .kafka = engine.options_.kafka,
        .identity = nullptr,
        .in_process_services = {},
        .traces = [](Shard& shard) { return std::make_unique<CheckedSpans>(shard); },
        .on_failed = [&engine](const Error& error) { engine.failed_ = error; },
    };
  }

  CheckedStore tables;
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
  if (options.trims) config_.durability_check_ms = 20;
  if (options.forgets) config_.defaults.journal_retention_ms = 0;
  config_.unique_random_seeds = options.unique_seeds;
  config_.defaults.inactivity_timeout_ms = 300;
  config_.defaults.retry_initial_ms = options.retry_initial_ms;
  config_.defaults.retry_max_interval_ms = 200;
  if (options.poor) {
    node::MemoryPlan& memory = config_.memory;
    memory.attempt_initial = 1024;
    memory.attempts = 2 * memory.attempt_initial;
    memory.requests = 64 << 10;
    memory.log_cache = memory.pending = memory.batch = memory.records = 1024;
    memory.proposals = 8 << 10;
    memory.queued_inputs = memory.unstored = 64;
    memory.timers = 1;
  }
  config_.defaults.retry_max_attempts.reset();
  config_.vqueues = options.flow_control;
  config_.scoped_virtual_objects = options.flow_control;
  config_.ingress_listener = {node::ListenMode::kTcp, node.host(), kIngress, false, {}};
  config_.admin_listener = {node::ListenMode::kTcp, node.host(), kAdmin, false, {}};
  config_.node_listener.mode = node::ListenMode::kNone;
  config_.kafka_clusters["sim"] = {"sim", {{"metadata.broker.list", "broker:9092"}}, {}};
  disk_.set_sync_time(50us, 500us);
  if (options.flow_control) write_rules();
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

void Engine::repeat_records(Random& random) {
  if (!parts_) return;
  const LogTap& tap = *parts_->taps[random.below(parts_->taps.size())];
  // Mostly the last: what was repeated long ago is as good as never.
  const std::size_t reach = std::min<std::size_t>(tap.records.size(), 24);
  if (reach == 0) return;
  const std::size_t first = tap.records.size() - 1 - random.below(reach);
  const std::size_t end = std::min(tap.records.size(), first + 1 + random.below(8));
  bifrost::RecordBatch batch;
  for (std::size_t i = first; i < end; ++i) {
    bifrost::Record record = tap.records[i].record;
    const auto envelope = wire::decode(record.body);
    if (!envelope || std::holds_alternative<wire::NoDedup>(envelope->dedup)) continue;
    record.created_at = node_.shard(0).wall_now();
    batch.push_back(std::move(record));
  }
  if (batch.empty()) return;
  parts_->log->append(tap.id, std::move(batch),
                      Completion<bifrost::Lsn>(node_.shard(0), [](const Result<bifrost::Lsn>&) {}));
}

void Engine::write_rules() {
  schema::RuleBook book;
  book.version = 1;
  book.rules[{"fixed", {}, {}}].concurrency = kFixedLimit;
  book.rules[{"fixed", "a", {}}].concurrency = 1;
  for (auto& [pattern, rule] : book.rules) rule.version = 1;
  const auto rows = storage::open_memory_durable_space(disk_, "metadata");
  metadata::DurableStore metadata(node_.shard(0), *rows);
  bool written = false;
  metadata.put(admin::kRuleBookKey, {{1}, Bytes(schema::encode(book))},
               metadata::Precondition::absent(),
               Completion<void>(node_.shard(0), [&](Result<void> put) {
                 RESTATE_ASSERT(put.has_value(), "a new disk takes the rules");
                 written = true;
               }));
  world_.run_until([&] { return written; }, 60s);
  RESTATE_ASSERT(written, "the rules are on the disk");
}

Result<void> Engine::check_rest() {
  storage::MemoryStore tables(disk_);
  for (std::uint16_t id = 0; id < options_.partitions; ++id) {
    RESTATE_TRY(const auto space, tables.open(PartitionId{id}, node_.shard(0)));
    const std::string where = "partition " + std::to_string(id) + " is not at rest: ";
    for (const auto& [key, value] : rows_of(*space)) {
      for (const std::string_view table :
           {partition::keys::kOutbox, partition::keys::kInbox, partition::keys::kLocks,
            partition::keys::kQueues, partition::keys::kQueueEntries, partition::keys::kQueueInbox,
            partition::keys::kQueueRunning}) {
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
    RESTATE_TRY_VOID(check_scopes(PartitionId{id}, *space));
  }
  return {};
}

Result<void> Engine::check_rules(testing::Node& spare) {
  if (!options_.flow_control) return {};
  Shard& shard = spare.shard(0);
  const auto metadata_rows = storage::open_memory_durable_space(disk_, "metadata");
  metadata::DurableStore metadata(shard, *metadata_rows);
  std::optional<Result<std::optional<metadata::VersionedValue>>> read;
  metadata.get(admin::kRuleBookKey,
               Completion<std::optional<metadata::VersionedValue>>(
                   shard, [&](Result<std::optional<metadata::VersionedValue>> value) {
                     read.emplace(std::move(value));
                   }));
  world_.run_until([&] { return read.has_value(); }, 60s);
  RESTATE_ASSERT(read && read->has_value(), "a store without faults can be read");
  schema::RuleBook written;
  if (**read) {
    RESTATE_TRY(written, schema::decode_rule_book((**read)->value.view()));
  }
  storage::MemoryStore tables(disk_);
  for (std::uint16_t id = 0; id < options_.partitions; ++id) {
    RESTATE_TRY(const auto space, tables.open(PartitionId{id}, shard));
    RESTATE_TRY(const auto stored, partition::Tables(PartitionId{id}, *space).rule_book());
    if ((stored ? stored->version : 0) == written.version) continue;
    return Error{Code::kCorrupt, "partition " + std::to_string(id) + " has rules of version " +
                                     std::to_string(stored ? stored->version : 0) + ", not " +
                                     std::to_string(written.version)};
  }
  return {};
}

Result<void> Engine::check_logs(testing::Node& spare) {
  Shard& shard = spare.shard(0);
  storage::MemoryLogStore logs(disk_);
  const auto metadata_rows = storage::open_memory_durable_space(disk_, "metadata");
  metadata::DurableStore metadata(shard, *metadata_rows);
  const auto log = bifrost::make_bifrost(shard, metadata, {});
  log->add_provider("local", bifrost::make_local_provider({&shard}, logs));
  bool started = false;
  log->start(Completion<void>(shard, [&](Result<void> result) { started = result.has_value(); }));
  world_.run_until([&] { return started; }, 60s);
  Audit audit;
  for (std::uint16_t id = 0; id < options_.partitions; ++id) {
    storage::MemoryStore tables(disk_);
    RESTATE_TRY(const auto space, tables.open(PartitionId{id}, shard));
    const std::uint64_t applied = space->committed().value;
    LogTap tap(*log, bifrost::LogId{id});
    world_.run_until([&] { return tap.last >= applied; }, 600s);
    RESTATE_TRY_VOID(audit.read(PartitionId{id}, tap.records, applied, rows_of(*space)));
  }
  for (const auto& [command, records] : audit.commands()) commands_[command] += records;
  return audit.check_messages();
}

}  // namespace sim
