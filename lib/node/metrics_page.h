#pragma once

/// \file
/// `GET /metrics`: asks every shard what it has counted, then the disks, and puts it on one page.

#include "common/metrics.h"
#include "node/config.h"
#include "node/shard_node.h"

#include <cstdint>
#include <map>
#include <string>

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

  /// `done` is called on shard 0, or dropped when the node stops.
  void fetch(Done done);

 private:
  struct Round {
    Done done;
    std::size_t left = 0;
    MetricsSnapshot sum;
  };

  void on_counted(std::uint64_t round, const MetricsSnapshot& counted);
  /// What the shards have in common.
  void add_shared(MetricsSnapshot& out) const;
  void ask_disks(std::uint64_t round);
  void finish(std::uint64_t round, const MetricsSnapshot& disks);

  Shard& home_;
  const std::size_t shards_;
  NodeParts& parts_;
  const Config& config_;
  NodeShared& shared_;
  OnShard on_shard_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Round> rounds_;
  Scope scope_;
};

}  // namespace restate::node
