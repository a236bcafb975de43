#pragma once

/// \file
/// `GET /metrics`: asks every shard what it has counted, then the disks, and puts it on one page. One
/// page at a time, however many ask.

#include "common/metrics.h"
#include "node/config.h"
#include "node/shard_node.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace restate::node {

class MetricsPage {
 public:
  /// Runs a task with the part of a shard, on that shard, unless that is gone.
  using OnShard = Function<void(std::size_t, Function<void(ShardNode&)>)>;
  using Done = Function<void(std::string)>;

  /// On shard 0. Everything outlives the page.
  MetricsPage(Shard& home, std::size_t shards, NodeParts& parts, const Config& config,
              NodeShared& shared, OnShard on_shard)
      : home_(home),
        shards_(shards),
        parts_(parts),
        config_(config),
        shared_(shared),
        on_shard_(std::move(on_shard)) {}

  /// `done` is called on shard 0, or dropped when the node stops. Who asks while a page is made gets
  /// the next one, together with all others who do: nothing on it is older than the question.
  void fetch(Done done);
  /// No more pages. `done` is called, later, once the disks are not asked any more: what is asked there
  /// must live until then.
  void close(Task done);

 private:
  void begin();
  void on_counted(const MetricsSnapshot& counted);
  /// What the shards have in common.
  void add_shared(MetricsSnapshot& out) const;
  void ask_disks();
  void finish(const MetricsSnapshot& disks);

  Shard& home_;
  const std::size_t shards_;
  NodeParts& parts_;
  const Config& config_;
  NodeShared& shared_;
  OnShard on_shard_;
  std::vector<Done> asking_;   ///< for the page that is made; empty: none is
  std::vector<Done> waiting_;  ///< for the one after it
  std::size_t left_ = 0;       ///< shards that have not answered
  MetricsSnapshot sum_{Instant{}};
  bool on_disks_ = false;
  Task closed_;
  Scope scope_;
};

}  // namespace restate::node
