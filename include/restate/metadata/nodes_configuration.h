#pragma once

/// \file
/// Who belongs to the cluster: the document `nodes_config`. A node is known by its name; its number
/// is given once and never again; its generation counts its starts.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/metadata/hybrid_time.h>
#include <restate/metadata/store.h>
#include <restate/result.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::metadata {

/// The key of the document.
inline constexpr char kNodesConfigurationKey[] = "nodes_config";

/// What a node does in its cluster. Stored by name.
enum class Role : std::uint8_t { kHttpIngress, kAdmin, kWorker, kLogServer, kMetadataServer };
/// Whether a node's log server may take and serve records. Stored by name.
enum class StorageState : std::uint8_t {
  kProvisioning,
  kDisabled,
  kReadOnly,
  kGone,
  kReadWrite,
  kDataLoss,
};
/// Whether a node's worker may run partitions. Stored by name.
enum class WorkerState : std::uint8_t { kProvisioning, kActive, kDraining, kDisabled };
/// Whether a node takes part in the consensus of the metadata store. Stored by name.
enum class MetadataServerState : std::uint8_t { kProvisioning, kMember, kStandby };

/// As documents and tools say it: `http-ingress`, `admin`, `worker`, `log-server`, `metadata-
/// server`.
std::string_view to_string(Role role);
/// As documents and tools say it, such as `read-write`.
std::string_view to_string(StorageState state);
/// As documents and tools say it, such as `active`.
std::string_view to_string(WorkerState state);
/// As documents and tools say it, such as `member`.
std::string_view to_string(MetadataServerState state);
/// The opposite of `to_string(Role)`; nothing for a role that is not known.
std::optional<Role> parse_role(std::string_view text);

/// A member of the cluster, as it last joined.
struct Node {
  std::string name;  ///< chosen by its operator; its identity
  GenerationalNodeId id;  ///< the number is given by the cluster; the generation counts starts
  std::string address;  ///< advertised, such as `http://127.0.0.1:5122/`
  std::string location;  ///< `region.zone`, or empty
  std::set<Role> roles;  ///< what it does
  std::optional<std::string> binary_version;  ///< nothing: it did not say
  std::optional<std::string> ctrl_address;  ///< nothing: none of its own
  StorageState storage_state = StorageState::kProvisioning;  ///< of its log server
  WorkerState worker_state = WorkerState::kProvisioning;  ///< of its worker
  /// Of its metadata server.
  MetadataServerState metadata_server_state = MetadataServerState::kStandby;
  bool operator==(const Node&) const = default;
};

/// What a node says of itself when it joins.
struct JoinRequest {
  std::string name;                           ///< of the node, across starts
  std::string address;                        ///< that others reach it at
  std::string location;                       ///< `region.zone`, or empty
  std::set<Role> roles;                       ///< what it will do
  std::optional<std::string> binary_version;  ///< of the program that joins
  /// Nothing: a known name keeps its number, a new one gets the next.
  std::optional<NodeId> force_node_id;
  bool auto_join_metadata = true;  ///< a new metadata server starts out as `provisioning`
};

/// The document: who belongs to the cluster, and what they are allowed. Each operation makes the
/// next version.
struct NodesConfiguration {
  Version version;                                   ///< of the document
  std::optional<std::uint64_t> cluster_fingerprint;  ///< never changes once it is set
  std::string cluster_name;                          ///< never changes
  std::vector<std::string> features;                 ///< that every member has to know
  std::optional<HybridTime> modified_at;             ///< by the clock of the last writer
  std::map<NodeId, std::optional<Node>> nodes;       ///< nothing: a tombstone
  bool operator==(const NodesConfiguration&) const = default;

  /// The first version of a new cluster.
  static NodesConfiguration make(std::string cluster_name, std::uint64_t fingerprint);
  /// The live node with this number or name, or null.
  const Node* find(NodeId id) const;
  /// By its name; null if there is none.
  const Node* find(std::string_view name) const;

  /// Adds a new node, or gives a known one its next generation. Makes the next version.
  /// - `kFailedPrecondition`: the forced number is another node's, or the name has another number.
  Result<GenerationalNodeId> join(const JoinRequest& request, WallTime now);
  /// The same for the states that a running node or an operator changes. `kNotFound`: no such node.
  Result<void> set_storage_state(NodeId id, StorageState state, WallTime now);
  /// As `set_storage_state`.
  Result<void> set_worker_state(NodeId id, WorkerState state, WallTime now);
  /// As `set_storage_state`.
  Result<void> set_metadata_server_state(NodeId id, MetadataServerState state, WallTime now);
  /// Leaves a tombstone, so that the number is never given again.
  Result<void> remove(NodeId id, WallTime now);
};

/// As the metadata store keeps it (docs/formats/metadata.md).
Bytes encode(const NodesConfiguration& document);
/// `kCorrupt` names the field.
Result<NodesConfiguration> decode_nodes_configuration(const Bytes& value);

}  // namespace restate::metadata

#pragma GCC visibility pop
