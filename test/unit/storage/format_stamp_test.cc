#include "storage/format_stamp.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::storage;

TEST_CASE("a stamp names its owner, if it has one", "[storage]") {
  const std::string stamp = stamp_text("partition store", 1);
  const StoreOwner owner{"my cluster", 10, NodeId{2}};
  CHECK(owner_text(owner) == "owner node 2 cluster 000000000000000a my cluster\n");
  const auto read = [&](const std::string& text) { return owner_of_stamp("db/FORMAT", text); };
  // Stamps were one line once.
  CHECK(read(stamp).value() == std::nullopt);
  CHECK(read(stamp + owner_text(owner)).value() == owner);
  const StoreOwner nameless{"", UINT64_MAX, NodeId{UINT32_MAX}};
  CHECK(read(stamp + owner_text(nameless)).value() == nameless);
  // Who reads the version sees no more than the first line.
  CHECK(check_stamp_text("db/FORMAT", stamp + owner_text(owner), "partition store", 1));
  for (const std::string damaged :
       {"owner", "owner node x cluster 0a c", "owner node 1 cluster c", "owner node 1 cluster 0a",
        "owner node 1", "somebody"}) {
    CAPTURE(damaged);
    CHECK(read(stamp + damaged + "\n") == Code::kCorrupt);
  }
}
