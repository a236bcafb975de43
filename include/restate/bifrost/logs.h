#pragma once

/// \file
/// The chains of all logs: the document `bifrost_config` of the metadata store.

#include <restate/bifrost/chain.h>
#include <restate/bytes.h>
#include <restate/metadata/hybrid_time.h>
#include <restate/metadata/replication.h>
#include <restate/metadata/store.h>
#include <restate/result.h>

#include <map>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace restate::bifrost {

/// The key of the document.
inline constexpr char kLogsKey[] = "bifrost_config";

/// How new segments are made.
struct LogsConfiguration {
  std::string default_provider = "local";     ///< `local`, `in-memory` or `replicated`
  metadata::ReplicationProperty replication;  ///< of `replicated` only
  std::uint32_t target_nodeset_size = 0;      ///< of `replicated` only; 0: automatic
  bool operator==(const LogsConfiguration&) const = default;
};

/// The document: every log with its chain. Changed by `metadata::read_modify_write` only.
struct Logs {
  metadata::Version version;                        ///< that of the store, too
  LogsConfiguration config;                         ///< for segments to come
  std::map<LogId, Chain> logs;                      ///< every log that exists
  std::optional<metadata::HybridTime> modified_at;  ///< by the clock of the last writer

  bool operator==(const Logs&) const = default;
  /// Null when there is no such log.
  const Chain* find(LogId log) const;
};

/// As the metadata store keeps it (docs/formats/metadata.md).
Bytes encode(const Logs& document);
/// `kCorrupt` names the field or the chain.
Result<Logs> decode_logs(const Bytes& value);

}  // namespace restate::bifrost

#pragma GCC visibility pop
