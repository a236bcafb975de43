#pragma once

/// \file
/// The registry, and the rule book, as the cluster agrees on them: one document each in the metadata
/// store. Keeps this node's shards up to date and makes changes by compare-and-set, so that two
/// admins never undo each other.

#include "schema/registry.h"
#include "schema/rule_book.h"
#include "schema/source.h"

#include <restate/completion.h>
#include <restate/metadata/store.h>
#include <restate/runtime.h>

#include <memory>
#include <vector>

namespace restate::admin {

/// The keys of the documents.
inline constexpr const char* kSchemaKey = "schema_registry";
inline constexpr const char* kRuleBookKey = "rule_book";

/// One per node and document, on one shard.
template <class Document>
class DocumentClient {
 public:
  using Snapshot = std::shared_ptr<const Document>;
  using Change = Function<schema::RegistryResult<Document>(const Document&)>;
  using Changed = schema::RegistryResult<Snapshot>;

  DocumentClient(Shard& shard, metadata::Store& store);
  DocumentClient(const DocumentClient&) = delete;
  DocumentClient& operator=(const DocumentClient&) = delete;

  /// A cell of another shard that is to be kept up to date; before `start`. It outlives this
  /// object, and its shard runs until this object is gone.
  void add_follower(Shard& shard, schema::Cell<Document>& cell);

  /// Reads the document and follows it from then on. Completes once every shard of the node knows
  /// it.
  void start(Completion<void> done);

  /// The document for the shard of this object.
  schema::Source<Document>& source() { return cell_; }
  const Snapshot& current() const { return cell_.current(); }

  /// Applies `change` to the newest document and stores the result; repeats if somebody was faster.
  /// Completes with the document in force, once every shard of the node knows it: whoever is told
  /// that a service is registered can call it. A result equal to the document is not stored.
  /// - `kUnavailable`: unknown; the change may yet come.
  void change(Change change, Completion<Changed> done);

 private:
  struct Follower {
    Shard* shard;
    schema::Cell<Document>* cell;
  };
  /// Tells all shards, then calls `then` on this one.
  void publish(Snapshot document, Task then);
  void on_document(const metadata::VersionedValue& value);

  Shard& shard_;
  metadata::Store& store_;
  schema::Cell<Document> cell_;
  std::vector<Follower> followers_;
  std::unique_ptr<metadata::Watch> watch_;
  Scope scope_;
};

using RegistryClient = DocumentClient<schema::Schema>;
using RulesClient = DocumentClient<schema::RuleBook>;

extern template class DocumentClient<schema::Schema>;
extern template class DocumentClient<schema::RuleBook>;

}  // namespace restate::admin
