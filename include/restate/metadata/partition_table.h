#pragma once

/// \file
/// Which partitions exist and which keys they own: the document `partition_table`.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/metadata/replication.h>
#include <restate/metadata/store.h>
#include <restate/result.h>

#include <map>
#include <optional>
#include <string>
#include <variant>

#pragma GCC visibility push(default)

namespace restate::metadata {

/// The key of the document.
inline constexpr char kPartitionTableKey[] = "partition_table";

/// One partition, as the cluster knows it.
struct Partition {
  KeyRange keys;                             ///< that it owns
  std::optional<std::uint32_t> log;          ///< nothing: the log with the partition's number
  std::optional<std::string> column_family;  ///< nothing: the store's own choice
  std::optional<std::string> database;       ///< nothing: the store's own choice
  bool operator==(const Partition&) const = default;
};

/// Every node holds every partition; only very old documents say so.
struct Everywhere {
  bool operator==(const Everywhere&) const = default;
};

/// The ranges in the document rule: route by them, never by the formula that made them.
struct PartitionTable {
  Version version;                                            ///< of the document
  std::map<PartitionId, Partition> partitions;                ///< their ranges tile the key space
  std::variant<ReplicationProperty, Everywhere> replication;  ///< of new replica sets
  bool operator==(const PartitionTable&) const = default;

  /// The first version: `count` ranges of equal size.
  static PartitionTable make(std::uint16_t count, ReplicationProperty replication);
  /// The partition that owns `key`. The ranges tile the key space, so there is one.
  PartitionId find(PartitionKey key) const;
  /// The log of a partition that exists.
  std::uint32_t log_of(PartitionId partition) const;
};

/// As the metadata store keeps it (docs/formats/metadata.md).
Bytes encode(const PartitionTable& document);
/// `kCorrupt`: a field, or the ranges leave a gap or overlap.
Result<PartitionTable> decode_partition_table(const Bytes& value);

}  // namespace restate::metadata

#pragma GCC visibility pop
