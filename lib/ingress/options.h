#pragma once

/// \file
/// How the ingress behaves; the node fills it from its configuration.

#include "common/memory_pool.h"
#include "common/trace.h"
#include "schema/schema.h"

#include <restate/time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace restate::ingress {

struct IngressOptions {
  /// Larger bodies are refused; a body of exactly this size passes.
  std::size_t request_size_limit = 32 * 1024 * 1024;
  /// What clients must show for everything but the health check; empty: nothing. Handlers do not see
  /// it: with a token, `authorization` is no header of theirs.
  std::string bearer_token;
  /// Requests under way, waiting calls included; more are turned away.
  std::optional<std::size_t> concurrent_requests;
  /// Counts them for all shards of a node, which share it; null: each shard has the limit for
  /// itself. Shards that admit at the same moment may exceed it by one each.
  std::shared_ptr<std::atomic<std::size_t>> node_in_flight;
  /// Bodies of requests, from their first byte until the log has them, on all shards of a node; a
  /// request that finds no room is turned away. Null: no limit.
  std::shared_ptr<MemoryPool> bodies;
  std::optional<std::uint32_t> http2_max_concurrent_streams;
  /// Calls without an idempotency key get one, so that they can be retried and attached to.
  bool controlled_idempotent_sharding = true;
  /// Scopes and limit keys are accepted.
  bool vqueues = false;
  /// Also for virtual objects.
  bool scoped_virtual_objects = false;
  /// How long requests under way may take once the ingress closes.
  Duration shutdown_grace = std::chrono::seconds(5);
  schema::Defaults defaults;
  /// Takes the spans of requests, and outlives the ingress. Null: nobody traces.
  trace::Sink* traces = nullptr;
};

}  // namespace restate::ingress
