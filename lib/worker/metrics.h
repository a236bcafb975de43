#pragma once

/// \file
/// What the partitions of a shard count. Processors and leaders come and go; this stays.

#include "common/metrics.h"
#include "invoker/metrics.h"

#include <restate/ids.h>
#include <restate/partition/actions.h>
#include <restate/wire/commands.h>

#include <array>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

namespace restate::worker {

/// As the reference server names them, for dashboards.
std::string_view metric_name(const partition::Action& action);

/// Of one partition.
struct PartitionMetrics {
  Counter starts;    ///< of its processor
  Counter shuffled;  ///< messages that went to other partitions
  std::map<std::string_view, Counter> actions;  ///< of its leaders
  invoker::InvokerMetrics invoker;
};

/// Of the ways into the logs.
struct AppendMetrics {
  Counter records, bytes;   ///< committed
  Distribution durations;   ///< from the append to its durability
  Distribution record_bytes;
};

struct WorkerMetrics {
  static constexpr std::size_t kCommands = std::variant_size_v<wire::Command>;

  std::map<PartitionId, PartitionMetrics> partitions;
  AppendMetrics appends;
  /// By command, for followers and for leaders.
  std::array<std::array<Distribution, 2>, kCommands> applies;
  /// From the stamp of a record to its application, for followers and for leaders.
  std::array<Distribution, 2> waits;

  void collect(MetricsSnapshot& out);
};

/// Of requests to partitions, by partition and outcome, on the shard that asked.
struct ClientMetrics {
  std::map<std::pair<PartitionId, std::string_view>, Counter> requests;

  /// Null: it succeeded.
  void note(PartitionId partition, const Error* error);
  void collect(MetricsSnapshot& out) const;
};

}  // namespace restate::worker
