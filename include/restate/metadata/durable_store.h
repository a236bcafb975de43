#pragma once

/// \file
/// The metadata store of one node: documents in a synced space of the disk, and all of them in
/// memory (docs/formats/metadata.md).

#include <restate/metadata/store.h>
#include <restate/runtime.h>

#pragma GCC visibility push(default)

namespace restate::storage {
class DurableSpace;
}

namespace restate::metadata {

class DocumentTable;

/// Lives on `home`; may be called from every shard. Reads the space at its first use. Writes run on
/// the blocking pool, one at a time; what arrived meanwhile is written together. After a write
/// error every call answers `kFailed`: nobody knows what the disk holds until it is opened anew.
class DurableStore final : public Store {
 public:
  /// `space` outlives the store and whatever job of it is still in the pool.
  DurableStore(Shard& home, storage::DurableSpace& space);
  ~DurableStore() override;

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
