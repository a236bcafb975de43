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

namespace restate::metadata {

inline constexpr char kNodesConfigurationKey[] = "nodes_config";

enum class Role : std::uint8_t { kHttpIngress, kAdmin, kWorker, kLogServer, kMetadataServer };
enum class StorageState : std::uint8_t {
  kProvisioning,
  kDisabled,
  kReadOnly,
  kGone,
  kReadWrite,
  kDataLoss,
};
enum class WorkerState : std::uint8_t { kProvisioning, kActive, kDraining, kDisabled };
enum class MetadataServerState : std::uint8_t { kProvisioning, kMember, kStandby };

std::string_view to_string(Role role);
std::string_view to_string(StorageState state);
std::string_view to_string(WorkerState state);
std::string_view to_string(MetadataServerState state);
std::optional<Role> parse_role(std::string_view text);

struct Node {
  std::string name;
  GenerationalNodeId id;
  std::string address;  ///< advertised, such as `http://127.0.0.1:5122/`
  std::string location;
  std::set<Role> roles;
  std::optional<std::string> binary_version;
  std::optional<std::string> ctrl_address;
  StorageState storage_state = StorageState::kProvisioning;
  WorkerState worker_state = WorkerState::kProvisioning;
  MetadataServerState metadata_server_state = MetadataServerState::kStandby;
  bool operator==(const Node&) const = default;
};

/// What a node says of itself when it joins.
struct JoinRequest {
  std::string name;
  std::string address;
  std::string location;
  std::set<Role> roles;
  std::optional<std::string> binary_version;
  std::optional<NodeId> force_node_id;
  bool auto_join_metadata = true;  ///< a new metadata server starts out as `provisioning`
};

struct NodesConfiguration {
  Version version;
  std::optional<std::uint64_t> cluster_fingerprint;  ///< never changes once it is set
  std::string cluster_name;
  std::vector<std::string> features;
  std::optional<HybridTime> modified_at;
  std::map<NodeId, std::optional<Node>> nodes;  ///< nothing: a tombstone
  bool operator==(const NodesConfiguration&) const = default;

  /// The first version of a new cluster.
  static NodesConfiguration make(std::string cluster_name, std::uint64_t fingerprint);
  /// The live node with this number or name, or null.
  const Node* find(NodeId id) const;
  const Node* find(std::string_view name) const;

  /// Adds a new node, or gives a known one its next generation. Makes the next version.
  /// - `kFailedPrecondition`: the forced number is another node's, or the name has another number.
  Result<GenerationalNodeId> join(const JoinRequest& request, WallTime now);
  /// The same for the states that a running node or an operator changes. `kNotFound`: no such node.
  Result<void> set_storage_state(NodeId id, StorageState state, WallTime now);
  Result<void> set_worker_state(NodeId id, WorkerState state, WallTime now);
  Result<void> set_metadata_server_state(NodeId id, MetadataServerState state, WallTime now);
  /// Leaves a tombstone, so that the number is never given again.
  Result<void> remove(NodeId id, WallTime now);
};

Bytes encode(const NodesConfiguration& document);
/// `kCorrupt` names the field.
Result<NodesConfiguration> decode_nodes_configuration(const Bytes& value);

}  // namespace restate::metadata
