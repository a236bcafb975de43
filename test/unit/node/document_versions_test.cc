#include "node/document_versions.h"
#include "support/catch.h"

#include <restate/bifrost/logs.h>
#include <restate/metadata/memory_store.h>
#include <restate/metadata/nodes_configuration.h>
#include <restate/testing/world.h>

using namespace restate;
using namespace restate::node;

TEST_CASE("versions of documents are known, and followed", "[node]") {
  restate::testing::World world{restate::testing::Seed{1}};
  Shard& shard = world.shard();
  metadata::MemoryStore store{shard};
  const auto put = [&](const char* key, std::uint32_t version) {
    store.put(key, {{version}, Bytes("x")}, metadata::Precondition{},
              Completion<void>(shard, [](Result<void> done) { CHECK(done); }));
    world.run_until_idle();
  };
  put(metadata::kNodesConfigurationKey, 3);

  DocumentVersions versions(shard, store);
  CHECK(versions.nodes() == 0);
  world.run_until_idle();
  CHECK(versions.nodes() == 3);
  CHECK(versions.logs() == 0);

  put(bifrost::kLogsKey, 1);
  put(metadata::kNodesConfigurationKey, 4);
  CHECK(versions.nodes() == 4);
  CHECK(versions.logs() == 1);
  CHECK(versions.partitions() == 0);
}
