#pragma once

/// \file
/// The registry as the cluster agrees on it: one document in the metadata store. Keeps this node's
/// shards up to date and makes changes by compare-and-set, so that two admins never undo each other.

#include "schema/registry.h"
#include "schema/source.h"

#include <restate/completion.h>
#include <restate/metadata/store.h>
#include <restate/runtime.h>

#include <memory>
#include <vector>

namespace restate::admin {

/// The key of the document.
inline constexpr const char* kSchemaKey = "schema_registry";

/// One per node, on one shard.
class RegistryClient {
 public:
  using Change = Function<schema::RegistryResult<schema::Schema>(const schema::Schema&)>;
  using Changed = schema::RegistryResult<schema::SchemaPtr>;

  RegistryClient(Shard& shard, metadata::Store& store);
  RegistryClient(const RegistryClient&) = delete;
  RegistryClient& operator=(const RegistryClient&) = delete;

  /// A cell of another shard that is to be kept up to date; before `start`. It outlives this
  /// object, and its shard runs until this object is gone.
  void add_follower(Shard& shard, schema::SchemaCell& cell);

  /// Reads the document and follows it from then on. Completes once every shard of the node knows
  /// it.
  void start(Completion<void> done);

  /// The registry for the shard of this object.
  schema::SchemaSource& source() { return cell_; }
  const schema::SchemaPtr& current() const { return cell_.current(); }

  /// Applies `change` to the newest document and stores the result; repeats if somebody was faster.
  /// Completes with the registry in force, once every shard of the node knows it: whoever is told
  /// that a service is registered can call it. A result equal to the document is not stored.
  /// - `kUnavailable`: unknown; the change may yet come.
  void change(Change change, Completion<Changed> done);

 private:
  struct Follower {
    Shard* shard;
    schema::SchemaCell* cell;
  };
  /// Tells all shards, then calls `then` on this one.
  void publish(schema::SchemaPtr schema, Task then);
  void on_document(const metadata::VersionedValue& value);

  Shard& shard_;
  metadata::Store& store_;
  schema::SchemaCell cell_;
  std::vector<Follower> followers_;
  std::unique_ptr<metadata::Watch> watch_;
  Scope scope_;
};

}  // namespace restate::admin
