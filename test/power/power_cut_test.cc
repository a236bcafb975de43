#include "power/node.h"
#include "support/catch.h"
#include "support/seed.h"

namespace restate::testing {
namespace {

/// Cuts the power until everything has been opened `times` times again. A disk lives through some
/// dozen cuts, so that what one leaves behind meets the next.
void cut(int times, Seed first) {
  PowerCutNode::Counts all;
  for (std::uint64_t seed = first.value; all.reopened < times; ++seed) {
    INFO(seed_line(Seed{seed}));
    PowerCutNode node(seed);
    while (node.counts().reopened < 25) {
      try {
        node.live_and_die();
      } catch (const Loss& loss) {
        FAIL(loss.what() << ", after " << node.counts().reopened << " cuts");
      }
    }
    const PowerCutNode::Counts& counts = node.counts();
    all.reopened += counts.reopened;
    all.cut_while_making += counts.cut_while_making;
    all.cut_while_opening += counts.cut_while_opening;
    all.acknowledged += counts.acknowledged;
    all.unacknowledged_kept += counts.unacknowledged_kept;
    all.unacknowledged_lost += counts.unacknowledged_lost;
    all.applied_again += counts.applied_again;
  }
  // A run in which nothing was ever at stake proves nothing.
  CHECK(all.cut_while_making > times / 100);
  CHECK(all.cut_while_opening > times / 20);
  CHECK(all.acknowledged > static_cast<std::uint64_t>(times));
  CHECK(all.unacknowledged_kept > 0);
  CHECK(all.unacknowledged_lost > 0);
  CHECK(all.applied_again > 0);
  WARN(all.reopened << " reopenings, " << all.cut_while_opening << " of them cut as well; "
                    << all.acknowledged << " records acknowledged, 0 missing; of those without an"
                    << " answer " << all.unacknowledged_kept << " were kept and "
                    << all.unacknowledged_lost << " lost; " << all.applied_again
                    << " applied again");
}

}  // namespace

#ifdef __SANITIZE_THREAD__
constexpr std::size_t kCuts = 100;  // it looks for races here, and is slow
#else
constexpr std::size_t kCuts = 1000;
#endif

TEST_CASE("a thousand power cuts cost nothing that was acknowledged", "[power]") {
  cut(kCuts, seed_or(1));
}

TEST_CASE("ten thousand power cuts cost nothing that was acknowledged", "[power][.long]") {
  cut(10'000, seed_or(1'000'000));
}

TEST_CASE("a disk that lies about its syncs is found out", "[power]") {
  const std::string below = GENERATE("/node/log", "/node/db", "/node/metadata");
  CAPTURE(below);
  int found_out = 0;
  const int kSeeds = 10;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    PowerCutNode node(seed);
    node.files().lie_about_syncs(below);
    try {
      for (int i = 0; i < 10; ++i) node.live_and_die();
    } catch (const Loss&) {
      ++found_out;
    }
  }
  CHECK(found_out == kSeeds);
}

}  // namespace restate::testing
