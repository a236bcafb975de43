#include "conformance/metadata_suite.h"

#include <restate/metadata/durable_store.h>
#include <restate/metadata/memory_store.h>
#include <restate/storage/memory.h>
#include <restate/storage/store.h>

using namespace restate;
using namespace restate::conformance;

namespace {

class InMemory final : public MetadataFixture {
 public:
  explicit InMemory(testing::World& world) : store_(world.shard(0)) {}
  metadata::Store& store() override { return store_; }

 private:
  metadata::MemoryStore store_;
};

class OnDisk final : public MetadataFixture {
 public:
  explicit OnDisk(testing::World& world)
      : space_(storage::open_memory_durable_space(disk_, "metadata")),
        store_(world.shard(0), *space_) {}
  metadata::Store& store() override { return store_; }

 private:
  storage::MemoryDisk disk_;
  std::unique_ptr<storage::DurableSpace> space_;
  metadata::DurableStore store_;
};

}  // namespace

TEST_CASE("the metadata store in memory does what a metadata store does", "[metadata]") {
  metadata_suite([](testing::World& world) { return std::make_unique<InMemory>(world); });
}

TEST_CASE("the durable metadata store does what a metadata store does", "[metadata]") {
  metadata_suite([](testing::World& world) { return std::make_unique<OnDisk>(world); });
}
