#pragma once

/// \file
/// How the parts of a shard get at the registry: a snapshot now, and word of the next one.

#include "schema/schema.h"

#include <restate/function.h>

#include <memory>

namespace restate::schema {

/// Belongs to one shard.
class SchemaSource {
 public:
  /// Ends with its life.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  virtual ~SchemaSource() = default;
  /// The registry as this shard knows it. Never null.
  virtual const SchemaPtr& current() const = 0;
  /// Calls `changed` after each change; not for the state now.
  virtual std::unique_ptr<Watch> watch(Function<void(const SchemaPtr&)> changed) = 0;
};

/// The registry as somebody told this shard.
class SchemaCell final : public SchemaSource {
 public:
  SchemaCell();
  explicit SchemaCell(SchemaPtr schema);
  ~SchemaCell() override;

  const SchemaPtr& current() const override { return schema_; }
  std::unique_ptr<Watch> watch(Function<void(const SchemaPtr&)> changed) override;

  /// Takes `schema` and tells the watchers, unless it is older than what is here.
  void set(SchemaPtr schema);

 private:
  struct Watchers;
  class Handle;
  SchemaPtr schema_;
  std::shared_ptr<Watchers> watchers_;
};

}  // namespace restate::schema
