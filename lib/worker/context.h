#pragma once

/// \file
/// What the partition processors of one shard share: the parts list, passed in by reference.

#include "common/trace.h"
#include "invoker/invoker.h"
#include "partition/migration.h"
#include "schema/schema.h"
#include "schema/source.h"
#include "worker/limits.h"
#include "worker/metrics.h"

#include <restate/bifrost/bifrost.h>
#include <restate/metadata/store.h>
#include <restate/runtime.h>
#include <restate/storage/store.h>

#include <cstdint>
#include <vector>

namespace restate::worker {

class CopyStore;
class Router;
class Group;

struct WorkerOptions {
  GenerationalNodeId node;
  schema::Defaults defaults;
  invoker::InvokerOptions invoker;
  /// Between two passes of the cleaner.
  Duration cleanup_interval = std::chrono::hours(1);
  /// Log bytes that a partition applies between two flushes of its tables: bounds recovery.
  std::size_t checkpoint_bytes = 64u << 20;
  /// What was applied is flushed after so much time, however little it is.
  Duration checkpoint_interval = std::chrono::hours(1);
  /// What is applied in one atomic batch: bounds the memory and the length of a turn. The first
  /// record of a batch may be larger, and its rows may be four times as large.
  std::size_t batch_records = 512;
  std::size_t batch_bytes = 1u << 20;
  /// Between two looks at what is durable.
  Duration durability_check = std::chrono::seconds(5);
  Duration status_interval = limits::kStatusInterval;
  /// Nobody asks how the partitions are: no statuses are published, and what is durable is looked at
  /// only while something is not. For programs that must not wake up while nothing happens.
  bool rest_when_idle = false;
  /// How long a durable position waits before the log below it is trimmed.
  Duration trim_delay = std::chrono::minutes(10);
  /// How tables of older formats are brought to the present one.
  std::vector<const partition::Migration*> migrations = partition::migrations();
  /// What one partition may hold. Records that were read and wait to be applied:
  std::size_t pending_bytes = limits::kPendingBytes;
  /// Proposals on their way into the log, before requests are refused.
  std::size_t proposal_bytes = limits::kProposalBytes;
  /// Messages of the outbox on their way to other partitions.
  std::size_t outbox_bytes = limits::kShuffleWindowBytes;
  /// Invocations kept decoded.
  std::size_t record_cache_bytes = std::size_t{8} << 20;
  /// In number; the others stay in the table.
  std::size_t loaded_timers = limits::kLoadedTimers;
  /// A leader copies its tables after so much time and so many records; if both are set, after both,
  /// and if neither is, when it is asked to.
  Duration copy_interval{0};
  std::uint64_t copy_records = 0;
  /// Older copies are removed.
  std::size_t copies_kept = 1;
  /// Of the cluster; a copy of another one is refused.
  std::uint64_t fingerprint = 0;
  /// False: follow only. A follower applies records and proposes nothing.
  bool lead = true;
  /// Features of the state machine that a leader switches on in the log, for good, before it serves.
  std::vector<std::uint16_t> wanted_features;
};

/// Everything here outlives the processors.
struct ShardContext {
  Shard& shard;
  storage::Store& store;
  bifrost::Bifrost& bifrost;
  metadata::Store& metadata;
  invoker::DeploymentClient& deployments;
  invoker::SharedLimits& limits;
  /// The registry in force, on this shard.
  Function<schema::SchemaPtr()> schema;
  WorkerOptions options;
  /// The disk refused: nothing may be acknowledged any more.
  Function<void(const Error&)> on_failed;
  /// Tells leaders when the registry changes, so that the log learns of it. Null: nobody tells.
  schema::SchemaSource* registry = nullptr;
  /// The same for the rule book.
  schema::RuleSource* rules = nullptr;
  /// Where copies of tables go, and come from when a partition has lost its own. With one, the log
  /// keeps what a restore would need. Null: none are made.
  CopyStore* copies = nullptr;
  /// Takes the spans of invocations. Null: nobody traces.
  trace::Sink* traces = nullptr;
  WorkerMetrics metrics = {};
};

}  // namespace restate::worker
