#pragma once

/// \file
/// A metadata store that forgets everything with its object: for engines without a data directory,
/// and for tests.

#include <restate/metadata/store.h>
#include <restate/runtime.h>

#pragma GCC visibility push(default)

namespace restate::metadata {

class DocumentTable;

/// Lives on `home`; may be called from every shard, which then costs a message there and back.
class MemoryStore final : public Store {
 public:
  /// Empty. `home` outlives it.
  explicit MemoryStore(Shard& home);
  ~MemoryStore() override;

  void get(std::string key, Completion<std::optional<VersionedValue>> done) override;
  void put(std::string key, VersionedValue value, Precondition precondition,
           Completion<void> done) override;
  void erase(std::string key, Precondition precondition, Completion<void> done) override;
  std::unique_ptr<Watch> watch(std::string key, Shard& shard,
                               Function<void(VersionedValue)> changed) override;

 private:
  std::unique_ptr<DocumentTable> table_;
};

}  // namespace restate::metadata

#pragma GCC visibility pop
