#pragma once

/// \file
/// What invokers count. The invokers of a partition come and go with its leaders; this stays.

#include "common/metrics.h"

#include <cstdint>
#include <map>
#include <string>

namespace restate::invoker {

/// Of one partition, on its shard.
struct InvokerMetrics {
  Counter enqueued;  ///< invocations taken on
  Counter started;   ///< attempts
  Counter completed, suspended;
  Counter failed;            ///< attempts that nothing follows by itself
  Counter failed_transient;  ///< attempts that another one follows
  Counter partial_state;     ///< attempts that began with a part of the state of their object
  Distribution attempts;     ///< how long they took

  /// As `invoker_...`, with `partition` for `partition_id`.
  void collect(MetricsSnapshot& out, std::uint32_t partition);
};

/// Of one way to deployments, on its shard.
struct DeploymentMetrics {
  struct Type {
    std::map<int, Counter> requests;  ///< by status
    Counter sent_bytes, received_bytes;
  };
  Type bidi, request_response, lambda;

  Type& of(bool is_bidi) { return is_bidi ? bidi : request_response; }
  /// As `invoker_client_...` and `invoker_..._bytes_total`.
  void collect(MetricsSnapshot& out) const;
};

}  // namespace restate::invoker
