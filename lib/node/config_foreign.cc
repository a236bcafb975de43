// Keys of the reference server that set nothing here.

#include "node/config_keys.h"

#include <algorithm>
#include <iterator>

namespace restate::node {
namespace {

/// Entries that end in a dot or a dash stand for all that begins so.
template <std::size_t N>
Acceptance look_up(const std::string_view (&list)[N], std::string_view name) {
  if (std::find(std::begin(list), std::end(list), name) != std::end(list)) return Acceptance::kExact;
  const bool kin = std::any_of(std::begin(list), std::end(list), [name](std::string_view entry) {
    return (entry.ends_with('.') || entry.ends_with('-')) && name.starts_with(entry);
  });
  return kin ? Acceptance::kKin : Acceptance::kUnknown;
}

}  // namespace

Acceptance acceptance_of(std::string_view name) {
  constexpr std::string_view kAccepted[] = {
      // About several nodes, or about libraries that are not in here.
      "location", "force-node-id", "default-replication", "initialization-timeout",
      "rocksdb-", "storage-", "default-thread-", "metadata-",
      "gossip-", "hlc-", "networking.", "bifrost.", "log-server.", "tokio-",
      // Nothing of the kind is sent, shown or kept anyway.
      "disable-telemetry", "disable-config-sql-table",
      "admin.heartbeat-interval", "admin.query-engine.datafusion-options",
      "admin.query-engine.datafusion-options.", "admin.storage-accounting-update-interval",
      // Sizes and habits of parts that are built in another way.
      "worker.internal-queue-length",
      "worker.durability-mode", "worker.storage.", "worker.shuffle.",
      "worker.rule-book-poll-interval", "worker.disable-scheduler", "worker.use-multi-db-layout",
      "worker.invoker.in-memory-queue-length-limit", "worker.invoker.tmp-dir",
      "ingress.ingestion.connection-retry-policy.", "network-error-retry-policy.",
      // No slip of the pen, though nearly a key of ours.
      "worker.storage.rocksdb-memory-ratio",
  };
  return look_up(kAccepted, name);
}

bool is_unsupported_key(std::string_view name) {
  constexpr std::string_view kUnsupported[] = {
      "worker.invoker.invocation-throttling", "worker.invoker.action-throttling",
      "worker.invoker.invocation-throttling.", "worker.invoker.action-throttling.",
      "worker.snapshots.aws-", "worker.snapshots.object-store-", "worker.snapshots.export-",
      "worker.snapshots.enable-", "invocation-yield-threshold", "experimental-",
      "tracing-",
  };
  return look_up(kUnsupported, name) != Acceptance::kUnknown;
}

}  // namespace restate::node
