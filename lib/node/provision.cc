#include "node/provision.h"

#include "common/version.h"

#include <restate/metadata/nodes_configuration.h>
#include <restate/runtime.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace restate::node {
namespace {

using metadata::VersionedValue;
using Stored = std::optional<VersionedValue>;

constexpr std::string_view kControlledSharding = "controlled-idempotent-sharding";

Result<std::optional<Bytes>> next_nodes(const Stored& stored, const metadata::JoinRequest& request,
                                        const std::string& cluster, std::uint64_t fingerprint,
                                        bool controlled_sharding, WallTime now) {
  metadata::NodesConfiguration nodes;
  if (stored) {
    RESTATE_TRY(nodes, metadata::decode_nodes_configuration(stored->value));
    if (nodes.cluster_name != cluster) {
      return Error{
          Code::kFailedPrecondition,
          "this data belongs to cluster '" + nodes.cluster_name + "', not to '" + cluster + "'"};
    }
  } else {
    nodes = metadata::NodesConfiguration::make(cluster, fingerprint);
    nodes.version = {0};
    if (controlled_sharding) nodes.features.emplace_back(kControlledSharding);
  }
  RESTATE_TRY(const auto id, nodes.join(request, now));
  // Joining makes the next version; the states belong to the same write.
  metadata::NodesConfiguration joined = nodes;
  for (auto& [number, node] : joined.nodes) {
    if (number != id.node || !node) continue;
    node->storage_state = metadata::StorageState::kReadWrite;
    node->worker_state = metadata::WorkerState::kActive;
    node->metadata_server_state = metadata::MetadataServerState::kMember;
  }
  return std::optional<Bytes>(metadata::encode(joined));
}

metadata::JoinRequest request_of(const Config& config) {
  metadata::JoinRequest request;
  request.name = config.node_name;
  request.address = config.node_listener.advertised_address.empty()
                        ? "http://127.0.0.1:" + std::to_string(config.node_listener.port) + "/"
                        : config.node_listener.advertised_address;
  for (const std::string& name : config.roles) {
    if (const auto role = metadata::parse_role(name)) request.roles.insert(*role);
  }
  request.binary_version = std::string(kVersion);
  return request;
}

/// The two documents, read and written at the same time: where there is neither they become durable
/// together.
struct Joining {
  Joining(std::string node_name, Completion<Joined> completion)
      : name(std::move(node_name)), done(std::move(completion)) {}

  void finish_if_both() {
    if (!nodes || !partitions) return;
    auto joined = read();
    done(std::move(joined));
  }
  Result<Joined> read() const {
    if (!*nodes) return Error(nodes->error()).within("joining the cluster");
    if (!*partitions) return Error(partitions->error()).within("reading the partitions");
    RESTATE_TRY(const auto configuration, metadata::decode_nodes_configuration((**nodes)->value));
    const metadata::Node* self = configuration.find(name);
    if (self == nullptr) {
      return Error{Code::kInternal, "this node is not among those it joined"};
    }
    RESTATE_TRY(auto table, metadata::decode_partition_table((**partitions)->value));
    const auto& features = configuration.features;
    const bool controlled =
        std::find(features.begin(), features.end(), kControlledSharding) != features.end();
    return Joined{self->id, configuration.cluster_fingerprint.value_or(0), std::move(table),
                  controlled};
  }

  const std::string name;
  Completion<Joined> done;
  std::optional<Result<Stored>> nodes, partitions;
};

}  // namespace

void join(metadata::Store& store, Shard& shard, const Config& config, Completion<Joined> done) {
  auto joining = std::make_shared<Joining>(config.node_name, std::move(done));
  metadata::read_modify_write(
      store, shard, metadata::kNodesConfigurationKey,
      [request = request_of(config), cluster = config.cluster_name,
       fingerprint = shard.random().next(), controlled = !config.legacy_idempotent_sharding,
       now = shard.wall_now()](const Stored& stored) {
        return next_nodes(stored, request, cluster, fingerprint, controlled, now);
      },
      Completion<Stored>(shard, [joining](Result<Stored> written) {
        joining->nodes.emplace(std::move(written));
        joining->finish_if_both();
      }));
  metadata::read_modify_write(
      store, shard, metadata::kPartitionTableKey,
      [joining,
       partitions = config.partitions](const Stored& stored) -> Result<std::optional<Bytes>> {
        if (stored) return std::optional<Bytes>();  // the number was chosen at the first start
        // Whoever is refused leaves nothing behind.
        if (joining->nodes && !*joining->nodes) return joining->nodes->error();
        return std::optional<Bytes>(metadata::encode(
            metadata::PartitionTable::make(partitions, metadata::ReplicationProperty{})));
      },
      Completion<Stored>(shard, [joining](Result<Stored> table) {
        joining->partitions.emplace(std::move(table));
        joining->finish_if_both();
      }));
}

}  // namespace restate::node
