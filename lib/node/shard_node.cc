#include "node/shard_node.h"

#include "node/ports.h"
#include "node/query_input.h"
#include "partition/status.h"

#include <algorithm>

namespace restate::node {
namespace {

invoker::InvokerOptions invoker_options(const Config& config, const NodeShared& shared) {
  invoker::InvokerOptions options;
  options.defaults = config.defaults;
  options.message_size_limit = config.message_size_limit;
  options.message_size_warning = config.message_size_warning;
  options.eager_state_size_limit = config.eager_state_limit;
  options.disable_eager_state = config.disable_eager_state;
  options.max_awaited_future_depth = config.max_awaited_future_depth;
  options.protocol_v7 = config.protocol_v7;
  options.flow_control = config.vqueues;
  options.scoped_virtual_objects = config.scoped_virtual_objects;
  options.controlled_idempotent_sharding = shared.controlled_idempotent_sharding;
  options.per_invocation_memory = config.per_invocation_memory;
  options.queued_journal_bytes = config.memory.queued_inputs;
  options.unstored_high_water = config.memory.unstored;
  return options;
}

worker::WorkerOptions worker_options(const Config& config, GenerationalNodeId id,
                                     const NodeShared& shared) {
  worker::WorkerOptions options;
  options.node = id;
  options.defaults = config.defaults;
  options.invoker = invoker_options(config, shared);
  if (config.vqueues) options.wanted_features.push_back(partition::Features::kVqueues);
  options.cleanup_interval = milliseconds(config.cleanup_interval_ms);
  options.trim_delay = milliseconds(config.trim_delay_ms);
  options.checkpoint_bytes = config.checkpoint_bytes;
  options.copy_interval = milliseconds(config.snapshot_interval_ms.value_or(0));
  options.copy_records = config.snapshot_records.value_or(0);
  options.copies_kept = config.snapshots_kept;
  options.fingerprint = shared.cluster_fingerprint;
  options.batch_records = config.batch_records;
  if (config.unique_random_seeds) {
    options.wanted_features.push_back(partition::Features::kUniqueRandomSeeds);
  }
  options.durability_check = milliseconds(config.durability_check_ms);
  options.status_interval = milliseconds(config.status_interval_ms);
  options.rest_when_idle = config.rest_when_idle;
  const MemoryPlan& memory = config.memory;
  options.pending_bytes = memory.pending;
  options.outbox_bytes = std::min(options.outbox_bytes, 2 * memory.pending);
  options.proposal_bytes = memory.proposals;
  options.batch_bytes = memory.batch;
  options.record_cache_bytes = memory.records;
  options.loaded_timers = memory.timers;
  return options;
}

}  // namespace

ShardNode::ShardNode(Shard& shard, NodeParts& parts, const Config& config, GenerationalNodeId id,
                     NodeShared& shared, worker::Router& router,
                     Function<void(const Error&)> on_failed)
    : shard_(shard),
      shared_(shared),
      traces_(parts.traces ? parts.traces(shard) : nullptr),
      bifrost_(bifrost::make_bifrost(
          shard, parts.metadata,
          {.default_provider = parts.default_provider,
           .read_ahead_bytes = config.memory.read_ahead})),
      deployments_(parts.deployments(shard)),
      context_{shard,
               parts.store,
               *bifrost_,
               parts.metadata,
               *deployments_,
               shared.limits,
               [this] { return schema_.current(); },
                worker_options(config, id, shared),
                std::move(on_failed),
                &schema_,
                &rules_,
                parts.copies,
                traces_.get()},
      group_(context_),
      client_(shard, router),
      supervisor_(context_, group_, router) {
  for (const auto& [kind, provider] : parts.providers) bifrost_->add_provider(kind, provider);
  if (parts.ports == nullptr) return;
  ports_ = parts.ports->make_shard(
      {shard, parts, config, shared, router, client_, schema_, traces_.get()});
}

ShardNode::~ShardNode() = default;

void ShardNode::start(std::vector<worker::PartitionDescription> partitions,
                      Completion<void> done) {
  bifrost_->start(Completion<void>(
      shard_, [open = scope_.bind([this, partitions = std::move(partitions)] {
                 for (const auto& description : partitions) supervisor_.open(description);
               }),
               done = std::move(done)](Result<void> begun) mutable {
        if (begun) open();
        done(std::move(begun));
      }));
}

Result<std::vector<Address>> ShardNode::listen(const std::vector<Address>& addresses) {
  return ports_->listen(addresses);
}

void ShardNode::consume(OnTroubles on_troubles) { ports_->consume(std::move(on_troubles)); }

void ShardNode::collect(MetricsSnapshot& out) {
  supervisor_.collect(out);
  client_.collect(out);
  deployments_->collect(out);
  if (ports_) ports_->collect(out);
  if (traces_) traces_->collect(out);
  const invoker::ShardSlots& slots = shared_.limits.on(shard_);
  out.counter("invoker_concurrency_slots_acquired", {}, slots.acquired());
  out.counter("invoker_concurrency_slots_released", {}, slots.released());
}

Result<void> ShardNode::collect(const std::vector<worker::PartitionDescription>& partitions,
                                const query::Needs& needs,
                                std::vector<query::PartitionInput>& into) {
  for (const auto& description : partitions) {
    RESTATE_TRY(auto input, freeze(description, supervisor_.find(description.id), needs));
    into.push_back(std::move(input));
  }
  return {};
}

void ShardNode::reconfigure(const Config& config) {
  supervisor_.reconfigure(invoker_options(config, shared_));
  if (ports_) ports_->reconfigure(config);
}

void ShardNode::stop(Completion<void> done) {
  const auto close = [this](Completion<void> closed) {
    supervisor_.close();
    if (!traces_) return closed(Result<void>());
    traces_->close([closed = std::move(closed)]() mutable { closed(Result<void>()); });
  };
  if (!ports_) return close(std::move(done));
  ports_->stop(Completion<void>(
      shard_, [close, done = std::move(done)](Result<void>) mutable { close(std::move(done)); }));
}

}  // namespace restate::node
