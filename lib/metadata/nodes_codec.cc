// NodesConfiguration and its tree (docs/formats/metadata.md).

#include <restate/metadata/nodes_configuration.h>

#include "metadata/field.h"

#include <array>
#include <utility>

namespace restate::metadata {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Role, 5> kRoles{{{Role::kHttpIngress, "http-ingress"},
                                 {Role::kAdmin, "admin"},
                                 {Role::kWorker, "worker"},
                                 {Role::kLogServer, "log-server"},
                                 {Role::kMetadataServer, "metadata-server"}}};
constexpr Names<StorageState, 6> kStorageStates{{{StorageState::kProvisioning, "provisioning"},
                                                 {StorageState::kDisabled, "disabled"},
                                                 {StorageState::kReadOnly, "read-only"},
                                                 {StorageState::kGone, "gone"},
                                                 {StorageState::kReadWrite, "read-write"},
                                                 {StorageState::kDataLoss, "data-loss"}}};
constexpr Names<WorkerState, 4> kWorkerStates{{{WorkerState::kProvisioning, "provisioning"},
                                               {WorkerState::kActive, "active"},
                                               {WorkerState::kDraining, "draining"},
                                               {WorkerState::kDisabled, "disabled"}}};
constexpr Names<MetadataServerState, 3> kMetadataServerStates{
    {{MetadataServerState::kProvisioning, "provisioning"},
     {MetadataServerState::kMember, "member"},
     {MetadataServerState::kStandby, "standby"}}};

template <class Enum, std::size_t N>
std::string_view name_of(Enum value, const Names<Enum, N>& names) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  RESTATE_UNREACHABLE();
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(std::string_view text, const Names<Enum, N>& names) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

/// A state decides who may hold data: one we do not know is no detail to skip.
template <class Enum, std::size_t N>
void read_state(Field field, const Names<Enum, N>& names, Enum& state) {
  if (field.absent()) return;
  const auto known = value_of(field.text(), names);
  if (!known) return field.fail("an unknown state");
  state = *known;
}

Tree to_tree(const Node& node) {
  Tree::List roles;
  for (const Role role : node.roles) roles.emplace_back(name_of(role, kRoles));
  Tree::Map map{
      {"name", node.name},
      {"address", node.address},
      {"current_generation", Tree::List{node.id.node.value, node.id.generation}},
      {"roles", std::move(roles)},
      {"location", node.location},
      {"log_server_config", Tree::Map{{"storage_state", to_string(node.storage_state)}}},
      {"worker_config", Tree::Map{{"worker_state", to_string(node.worker_state)}}},
      {"metadata_server_config",
       Tree::Map{{"metadata_server_state", to_string(node.metadata_server_state)}}},
  };
  if (node.binary_version) map.emplace("binary_version", *node.binary_version);
  if (node.ctrl_address) map.emplace("ctrl_address", *node.ctrl_address);
  return map;
}

Node read_node(Field field) {
  Node node;
  node.name = field["name"].text();
  node.address = field["address"].text();
  node.id.node = NodeId{field["current_generation"].at(0).u32()};
  node.id.generation = field["current_generation"].at(1).u32();
  // A role from a newer version is none of our business: we never run it.
  field["roles"].each([&](Field item) {
    if (const auto role = value_of(item.text(), kRoles)) node.roles.insert(*role);
  });
  node.location = field["location"].optional_text().value_or("");
  node.binary_version = field["binary_version"].optional_text();
  node.ctrl_address = field["ctrl_address"].optional_text();
  read_state(field["log_server_config"]["storage_state"], kStorageStates, node.storage_state);
  read_state(field["worker_config"]["worker_state"], kWorkerStates, node.worker_state);
  read_state(field["metadata_server_config"]["metadata_server_state"], kMetadataServerStates,
             node.metadata_server_state);
  return node;
}

}  // namespace

std::string_view to_string(Role role) { return name_of(role, kRoles); }
std::string_view to_string(StorageState state) { return name_of(state, kStorageStates); }
std::string_view to_string(WorkerState state) { return name_of(state, kWorkerStates); }
std::string_view to_string(MetadataServerState state) {
  return name_of(state, kMetadataServerStates);
}
std::optional<Role> parse_role(std::string_view text) { return value_of(text, kRoles); }

Bytes encode(const NodesConfiguration& document) {
  Tree::Map lookup;
  Tree::List nodes;
  for (const auto& [id, node] : document.nodes) {
    if (node) lookup.emplace(node->name, id.value);
    nodes.push_back(
        Tree::List{id.value, node ? Tree(Tree::Map{{"Node", to_tree(*node)}}) : Tree("Tombstone")});
  }
  Tree::List features(document.features.begin(), document.features.end());
  Tree::Map map{
      {"version", document.version.value},
      {"cluster_name", document.cluster_name},
      {"features", std::move(features)},
      {"name_lookup", std::move(lookup)},
      {"nodes", std::move(nodes)},
      {"modified_at", document.modified_at ? Tree(document.modified_at->value) : Tree()},
  };
  if (document.cluster_fingerprint) map.emplace("cluster_fingerprint", *document.cluster_fingerprint);
  return encode_tree(Tree(std::move(map)));
}

Result<NodesConfiguration> decode_nodes_configuration(const Bytes& value) {
  RESTATE_TRY(const Tree tree, decode_tree(value));
  std::optional<Error> error;
  const Field root(tree, kNodesConfigurationKey, error);

  NodesConfiguration document;
  document.version = Version{root["version"].u32()};
  document.cluster_name = root["cluster_name"].text();
  if (const Field field = root["cluster_fingerprint"]; !field.absent()) {
    document.cluster_fingerprint = field.u64();
  }
  root["features"].each([&](Field item) { document.features.push_back(item.text()); });
  if (const Field field = root["modified_at"]; !field.absent()) {
    document.modified_at = HybridTime{field.u64()};
  }
  root["nodes"].each([&](Field item) {
    const NodeId id{item.at(0).u32()};
    const Field entry = item.at(1);
    if (entry.is_text()) {
      if (entry.text() != "Tombstone") entry.fail("expected a node or a tombstone");
      document.nodes[id] = std::nullopt;
      return;
    }
    Node node = read_node(entry["Node"]);
    if (node.id.node != id) entry.fail("the node has another number than its entry");
    document.nodes[id] = std::move(node);
  });
  if (error) return *std::move(error);
  return document;
}

}  // namespace restate::metadata
