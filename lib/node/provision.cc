#include "node/provision.h"

#include "common/version.h"

#include <restate/metadata/nodes_configuration.h>
#include <restate/runtime.h>

#include <algorithm>

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
      return Error{Code::kFailedPrecondition, "this data belongs to cluster '" +
                                                  nodes.cluster_name + "', not to '" + cluster +
                                                  "'"};
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

}  // namespace

void join(metadata::Store& store, Shard& shard, const Config& config, Completion<Joined> done) {
  const std::string name = config.node_name;
  const std::uint16_t partitions = config.partitions;
  metadata::read_modify_write(
      store, shard, metadata::kNodesConfigurationKey,
      [request = request_of(config), cluster = config.cluster_name,
       fingerprint = shard.random().next(), controlled = !config.legacy_idempotent_sharding,
       now = shard.wall_now()](const Stored& stored) {
        return next_nodes(stored, request, cluster, fingerprint, controlled, now);
      },
      Completion<Stored>(shard, [&store, &shard, name, partitions,
                                 done = std::move(done)](Result<Stored> written) mutable {
        if (!written) return done(std::move(written).error().within("joining the cluster"));
        auto nodes = metadata::decode_nodes_configuration((*written)->value);
        if (!nodes) return done(std::move(nodes).error());
        const metadata::Node* self = nodes->find(name);
        if (self == nullptr) {
          return done(Error{Code::kInternal, "this node is not among those it joined"});
        }
        const bool controlled = std::find(nodes->features.begin(), nodes->features.end(),
                                          kControlledSharding) != nodes->features.end();
        metadata::read_modify_write(
            store, shard, metadata::kPartitionTableKey,
            [partitions](const Stored& stored) -> Result<std::optional<Bytes>> {
              if (stored) return std::optional<Bytes>();  // the number was chosen at the first start
              return std::optional<Bytes>(metadata::encode(
                  metadata::PartitionTable::make(partitions, metadata::ReplicationProperty{})));
            },
            Completion<Stored>(shard, [node = self->id, fingerprint = nodes->cluster_fingerprint.value_or(0),
                                controlled, done = std::move(done)](
                                          Result<Stored> table) mutable {
              if (!table) return done(std::move(table).error().within("reading the partitions"));
              auto decoded = metadata::decode_partition_table((*table)->value);
              if (!decoded) return done(std::move(decoded).error());
              done(Joined{node, fingerprint, *std::move(decoded), controlled});
            }));
      }));
}

}  // namespace restate::node
