#include <restate/bifrost/chain.h>

#include "runtime/split_mix.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::bifrost;

namespace {

Chain fresh() { return Chain::make("local", "p0", std::nullopt); }

Result<SegmentIndex> extend(Chain& chain, std::uint32_t expected, std::uint64_t base) {
  return chain.extend(SegmentIndex{expected}, Lsn{base}, "local",
                      "p" + std::to_string(expected + 1), std::nullopt);
}

}  // namespace

TEST_CASE("a chain grows at its end, and only for who knows it", "[bifrost][chain]") {
  Chain chain = fresh();
  CHECK(extend(chain, 0, 10).value() == SegmentIndex{1});
  CHECK(extend(chain, 0, 20) == Code::kFailedPrecondition);
  CHECK(extend(chain, 1, 9) == Code::kInvalidArgument);
  CHECK(chain.segments.size() == 2);

  SECTION("a segment without records is replaced, and its index is not used again") {
    CHECK(extend(chain, 1, 10).value() == SegmentIndex{2});
    REQUIRE(chain.segments.size() == 2);
    CHECK(chain.last().base == Lsn{10});
    CHECK(chain.find(SegmentIndex{1}).segment == nullptr);
  }
  SECTION("positions belong to the segment that covers them") {
    CHECK(chain.find(Lsn{1}).segment->index == SegmentIndex{0});
    CHECK(chain.find(Lsn{9}).end == Lsn{10});
    CHECK(chain.find(Lsn{10}).segment->index == SegmentIndex{1});
    CHECK_FALSE(chain.find(kMaxLsn).end.has_value());
  }
}

TEST_CASE("a sealed chain ends where it was sealed", "[bifrost][chain]") {
  Chain chain = fresh();
  const SealMarker marker{.sealed_at = WallTime{1'700'000'000'123},
                          .context = {{"source", "seal"}}};
  REQUIRE(chain.seal(SegmentIndex{0}, Lsn{5}, marker) == Lsn{5});
  CHECK(chain.seal(SegmentIndex{0}, Lsn{9}, {}) == Lsn{5});
  CHECK(chain.seal(SegmentIndex{1}, Lsn{5}, {}) == Code::kFailedPrecondition);
  CHECK(chain.last().is_marker());
  CHECK(SealMarker::parse(chain.last().params) == marker);
  CHECK(chain.find(SegmentIndex{0}).end == Lsn{5});
  CHECK(chain.check().has_value());

  SECTION("it goes on from there") {
    CHECK(extend(chain, 0, 6) == Code::kInvalidArgument);
    CHECK(extend(chain, 0, 5).value() == SegmentIndex{1});
    CHECK(chain.segments.size() == 2);
    CHECK(chain.check().has_value());
  }
  SECTION("unless it was sealed for good") {
    chain.segments.back().params = SealMarker{.permanent = true}.to_params();
    CHECK(extend(chain, 0, 5) == Code::kFailedPrecondition);
  }
}

TEST_CASE("an empty segment gives way to the marker", "[bifrost][chain]") {
  Chain chain = fresh();
  REQUIRE(chain.seal(SegmentIndex{0}, Lsn{1}, {}) == Lsn{1});
  REQUIRE(chain.segments.size() == 1);
  CHECK(chain.find(SegmentIndex{0}).segment == nullptr);
  CHECK(extend(chain, 0, 1).value() == SegmentIndex{1});
  REQUIRE(extend(chain, 1, 7).has_value());
  REQUIRE(chain.seal(SegmentIndex{2}, Lsn{7}, {}) == Lsn{7});
  CHECK(chain.segments.size() == 2);
  CHECK(chain.check().has_value());
}

TEST_CASE("what a marker cannot read is empty", "[bifrost][chain]") {
  for (const char* params : {"", "{", "[]", "7", R"({"context": 3, "permanent_seal": "yes"})"}) {
    CHECK(SealMarker::parse(params) == SealMarker{});
  }
  CHECK(SealMarker::parse(R"({"sealed_at": "2024-02-29T23:59:59.5Z"})").sealed_at ==
        WallTime{1709251199500});
}

TEST_CASE("positions far above a segment do not wrap around", "[bifrost][chain]") {
  const Segment segment{.base = Lsn{100}};
  CHECK(segment.offset_of(Lsn{100}) == LogletOffset{1});
  CHECK(segment.offset_of(Lsn{100 + 0xfffffffdull}) == LogletOffset{0xfffffffe});
  CHECK(segment.offset_of(Lsn{100 + 0xfffffffeull}) == LogletOffset{0xffffffff});
  CHECK(segment.offset_of(kMaxLsn) == LogletOffset{0xffffffff});
  CHECK(segment.lsn_of(LogletOffset{3}) == Lsn{102});
}

TEST_CASE("trimming drops whole segments, never the last", "[bifrost][chain]") {
  Chain chain = fresh();
  REQUIRE(extend(chain, 0, 10).has_value());
  REQUIRE(extend(chain, 1, 20).has_value());
  CHECK(chain.trim_prefix(Lsn{8}).empty());
  CHECK(chain.trim_prefix(Lsn{9}).size() == 1);
  CHECK(chain.first() == Lsn{10});
  CHECK(chain.find(Lsn{9}).segment == nullptr);
  CHECK(chain.trim_prefix(kMaxLsn).size() == 1);
  CHECK(chain.first() == Lsn{20});
  CHECK(chain.trim_prefix(kMaxLsn).empty());
}

// Against a model that knows of every position which segment it was given to.
TEST_CASE("any sequence of operations keeps the rules of a chain", "[bifrost][chain]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    SplitMix64 random(seed);
    Chain chain = fresh();
    std::vector<std::uint32_t> owner;  // of position i + 1
    std::uint64_t trimmed = 0;
    std::uint32_t highest = 0;

    for (int step = 0; step < 60; ++step) {
      const SegmentIndex last = chain.last().index;
      const std::uint64_t tail = owner.size() + 1;
      const bool was_sealed = chain.last().is_marker();
      switch (random.below(5)) {
        case 0:
        case 1:  // records
          if (was_sealed) break;
          for (std::uint64_t n = random.below(4); n > 0; --n) owner.push_back(last.value);
          break;
        case 2: {
          const bool stale = random.below(4) == 0;
          const auto index = extend(chain, last.value + (stale ? 1 : 0), tail);
          CHECK(index.has_value() == !stale);
          if (!index) break;
          CHECK(index->value == highest + 1);
          highest = index->value;
          break;
        }
        case 3:
          CHECK(chain.seal(last, Lsn{tail}, {}) == Lsn{tail});
          CHECK(chain.last().is_marker());
          CHECK(chain.last().index == last);
          break;
        case 4: {
          const std::uint64_t until = random.below(tail);
          const auto dropped = chain.trim_prefix(Lsn{until});
          if (!dropped.empty()) trimmed = chain.first().value - 1;
          CHECK(trimmed <= until + (dropped.empty() ? tail : 0));
          break;
        }
      }
      REQUIRE(chain.check().has_value());
      for (std::uint64_t lsn = 1; lsn <= owner.size(); ++lsn) {
        const SegmentView view = chain.find(Lsn{lsn});
        if (lsn <= trimmed) {
          CHECK(view.segment == nullptr);
          continue;
        }
        REQUIRE(view.segment != nullptr);
        CHECK(view.segment->index.value == owner[lsn - 1]);
        if (view.end) CHECK(lsn < view.end->value);
      }
    }
  }
}
