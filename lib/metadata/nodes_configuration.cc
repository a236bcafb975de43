#include <restate/metadata/nodes_configuration.h>

#include <algorithm>

namespace restate::metadata {
namespace {

/// Live nodes only: a tombstone has no states to set.
Result<Node*> live_node(NodesConfiguration& document, NodeId id) {
  const auto found = document.nodes.find(id);
  if (found == document.nodes.end() || !found->second) {
    return Error{Code::kNotFound, "node N" + std::to_string(id.value) + " is not in the cluster"};
  }
  return &*found->second;
}

void next_version(NodesConfiguration& document, WallTime now) {
  ++document.version.value;
  // A clock that went back must not make a later document look older.
  HybridTime stamp = HybridTime::from(now);
  if (document.modified_at && stamp <= *document.modified_at) stamp = {document.modified_at->value + 1};
  document.modified_at = stamp;
}

}  // namespace

NodesConfiguration NodesConfiguration::make(std::string cluster_name, std::uint64_t fingerprint) {
  NodesConfiguration document;
  document.version = Version{1};
  document.cluster_name = std::move(cluster_name);
  document.cluster_fingerprint = fingerprint;
  return document;
}

const Node* NodesConfiguration::find(NodeId id) const {
  const auto found = nodes.find(id);
  return found == nodes.end() || !found->second ? nullptr : &*found->second;
}

const Node* NodesConfiguration::find(std::string_view name) const {
  for (const auto& [id, node] : nodes) {
    if (node && node->name == name) return &*node;
  }
  return nullptr;
}

Result<GenerationalNodeId> NodesConfiguration::join(const JoinRequest& request, WallTime now) {
  if (const Node* known = find(request.name)) {
    const NodeId id = known->id.node;
    if (request.force_node_id && *request.force_node_id != id) {
      return Error{Code::kFailedPrecondition,
                   "joining as '" + request.name + "': the name belongs to node N" +
                       std::to_string(id.value)};
    }
    Node& node = *nodes[id];
    ++node.id.generation;
    node.address = request.address;
    node.roles = request.roles;
    node.binary_version = request.binary_version;
    // A location is never taken back: what was placed by it would silently change its domain.
    if (!request.location.empty()) node.location = request.location;
    next_version(*this, now);
    return node.id;
  }

  NodeId id{nodes.empty() ? 1 : nodes.rbegin()->first.value + 1};
  if (request.force_node_id) {
    id = *request.force_node_id;
    if (id.value == 0 || nodes.contains(id)) {
      return Error{Code::kFailedPrecondition, "joining as '" + request.name + "': the number N" +
                                                  std::to_string(id.value) + " is taken"};
    }
  }
  Node node;
  node.name = request.name;
  node.id = {id, 1};
  node.address = request.address;
  node.location = request.location;
  node.roles = request.roles;
  node.binary_version = request.binary_version;
  node.metadata_server_state = request.auto_join_metadata ? MetadataServerState::kProvisioning
                                                          : MetadataServerState::kStandby;
  nodes[id] = std::move(node);
  next_version(*this, now);
  return GenerationalNodeId{id, 1};
}

Result<void> NodesConfiguration::set_storage_state(NodeId id, StorageState state, WallTime now) {
  RESTATE_TRY(Node* node, live_node(*this, id));
  node->storage_state = state;
  next_version(*this, now);
  return {};
}

Result<void> NodesConfiguration::set_worker_state(NodeId id, WorkerState state, WallTime now) {
  RESTATE_TRY(Node* node, live_node(*this, id));
  node->worker_state = state;
  next_version(*this, now);
  return {};
}

Result<void> NodesConfiguration::set_metadata_server_state(NodeId id, MetadataServerState state,
                                                           WallTime now) {
  RESTATE_TRY(Node* node, live_node(*this, id));
  node->metadata_server_state = state;
  next_version(*this, now);
  return {};
}

Result<void> NodesConfiguration::remove(NodeId id, WallTime now) {
  RESTATE_TRY_VOID(live_node(*this, id));
  nodes[id] = std::nullopt;
  next_version(*this, now);
  return {};
}

}  // namespace restate::metadata
