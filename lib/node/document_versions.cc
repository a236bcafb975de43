#include "node/document_versions.h"

#include <restate/bifrost/logs.h>
#include <restate/metadata/nodes_configuration.h>
#include <restate/metadata/partition_table.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace restate::node {

DocumentVersions::DocumentVersions(Shard& shard, metadata::Store& store) {
  for (const char* key :
       {metadata::kNodesConfigurationKey, metadata::kPartitionTableKey, bifrost::kLogsKey}) {
    follow(shard, store, key);
  }
}

void DocumentVersions::follow(Shard& shard, metadata::Store& store, const std::string& key) {
  using Found = Result<std::optional<metadata::VersionedValue>>;
  watches_.push_back(store.watch(
      key, shard, scope_.bind([this, key](const metadata::VersionedValue& changed) {
        note(key, changed.version);
      })));
  store.get(key, Completion<std::optional<metadata::VersionedValue>>(
                     shard, scope_.bind([this, key](const Found& found) {
                       if (found && *found) note(key, (*found)->version);
                     })));
}

void DocumentVersions::note(const std::string& key, metadata::Version version) {
  metadata::Version& known = versions_[key];
  known = std::max(known, version);  // the answer may be older than what was heard meanwhile
}

std::uint32_t DocumentVersions::of(const std::string& key) const {
  const auto found = versions_.find(key);
  return found == versions_.end() ? 0 : found->second.value;
}

std::uint32_t DocumentVersions::nodes() const { return of(metadata::kNodesConfigurationKey); }
std::uint32_t DocumentVersions::partitions() const { return of(metadata::kPartitionTableKey); }
std::uint32_t DocumentVersions::logs() const { return of(bifrost::kLogsKey); }

}  // namespace restate::node
