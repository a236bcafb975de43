// Keys of the reference server that set nothing here.

#include "node/config_keys.h"

#include <algorithm>
#include <iterator>

namespace restate::node {
namespace {

/// True if `name` is in `list`, or begins with an entry that ends in a dot or a dash.
template <std::size_t N>
bool matches(const std::string_view (&list)[N], std::string_view name) {
  return std::any_of(std::begin(list), std::end(list), [name](std::string_view entry) {
    const bool prefix = entry.ends_with('.') || entry.ends_with('-');
    return prefix ? name.starts_with(entry) : name == entry;
  });
}

}  // namespace

bool is_accepted_key(std::string_view name) {
  // What ends in a dot or a dash stands for all that begins so.
  constexpr std::string_view kAccepted[] = {
      // About several nodes, or about libraries that are not in here.
      "location", "force-node-id", "default-replication", "initialization-timeout",
      "rocksdb-", "storage-", "default-thread-", "metadata-",
      "gossip-", "hlc-", "networking.", "bifrost.", "log-server.", "tokio-",
      // Nothing of the kind is sent, shown or kept anyway.
      "disable-telemetry", "disable-prometheus", "disable-config-sql-table",
      "admin.heartbeat-interval", "admin.query-engine.datafusion-options",
      "admin.query-engine.datafusion-options.", "admin.storage-accounting-update-interval",
      // Sizes and habits of parts that are built in another way.
      "worker.internal-queue-length",
      "worker.durability-mode", "worker.storage.", "worker.shuffle.",
      "worker.rule-book-poll-interval", "worker.disable-scheduler", "worker.use-multi-db-layout",
      "worker.invoker.in-memory-queue-length-limit", "worker.invoker.tmp-dir",
      "ingress.ingestion.connection-retry-policy",
  };
  return matches(kAccepted, name);
}

bool is_unsupported_key(std::string_view name) {
  constexpr std::string_view kUnsupported[] = {
      "advertised-host", "admin.advertised-host", "ingress.advertised-host",
      "worker.invoker.invocation-throttling", "worker.invoker.action-throttling",
      "worker.invoker.invocation-throttling.", "worker.invoker.action-throttling.",
      "worker.snapshots.", "invocation-yield-threshold", "experimental-",
      "admin.concurrent-api-requests-limit", "tracing-",
  };
  return matches(kUnsupported, name);
}

}  // namespace restate::node
