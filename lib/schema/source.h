#pragma once

/// \file
/// How the parts of a shard get at the registry and the rule book: a snapshot now, and word of the
/// next one.

#include "schema/rule_book.h"
#include "schema/schema.h"

#include <restate/function.h>

#include <memory>

namespace restate::schema {

/// Belongs to one shard. `Document` has a version.
template <class Document>
class Source {
 public:
  using Snapshot = std::shared_ptr<const Document>;

  /// Ends with its life.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  virtual ~Source() = default;
  /// The document as this shard knows it. Never null.
  virtual const Snapshot& current() const = 0;
  /// Calls `changed` after each change; not for the state now.
  virtual std::unique_ptr<Watch> watch(Function<void(const Snapshot&)> changed) = 0;
};

/// The document as somebody told this shard.
template <class Document>
class Cell final : public Source<Document> {
 public:
  using typename Source<Document>::Snapshot;
  using typename Source<Document>::Watch;

  Cell();
  explicit Cell(Snapshot document);
  ~Cell() override;

  const Snapshot& current() const override { return document_; }
  std::unique_ptr<Watch> watch(Function<void(const Snapshot&)> changed) override;

  /// Takes `document` and tells the watchers, unless it is older than what is here.
  void set(Snapshot document);

 private:
  struct Watchers;
  class Handle;
  Snapshot document_;
  std::shared_ptr<Watchers> watchers_;
};

using SchemaSource = Source<Schema>;
using SchemaCell = Cell<Schema>;
using RuleSource = Source<RuleBook>;
using RuleCell = Cell<RuleBook>;

extern template class Cell<Schema>;
extern template class Cell<RuleBook>;

}  // namespace restate::schema
