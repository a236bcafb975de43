#pragma once

/// \file
/// The versions of the documents that the nodes of a cluster agree on, as `GET /health` tells them: whether
/// a change has reached this node.

#include <restate/metadata/store.h>
#include <restate/runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::node {

/// Lives on one shard.
class DocumentVersions {
 public:
  /// The store outlives it.
  DocumentVersions(Shard& shard, metadata::Store& store);
  DocumentVersions(const DocumentVersions&) = delete;
  DocumentVersions& operator=(const DocumentVersions&) = delete;

  /// The newest that is known; 0: there is none, or it is not known yet.
  std::uint32_t nodes() const;
  std::uint32_t partitions() const;
  std::uint32_t logs() const;

 private:
  void follow(Shard& shard, metadata::Store& store, const std::string& key);
  void note(const std::string& key, metadata::Version version);
  std::uint32_t of(const std::string& key) const;

  std::map<std::string, metadata::Version> versions_;
  std::vector<std::unique_ptr<metadata::Watch>> watches_;
  Scope scope_;
};

}  // namespace restate::node
