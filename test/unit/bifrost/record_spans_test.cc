#include "bifrost/record_spans.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::bifrost;

namespace {

SharedBatch batch(std::initializer_list<const char*> bodies) {
  RecordBatch records;
  for (const char* body : bodies) records.push_back({WallTime{1}, {}, body, nullptr});
  return std::make_shared<const RecordBatch>(std::move(records));
}

}  // namespace

TEST_CASE("spans find a record in whatever batch it came", "[bifrost]") {
  RecordSpans spans;
  CHECK(spans.find(LogletOffset{1}).empty());
  spans.push(LogletOffset{5}, batch({"a", "b"}));
  spans.push(LogletOffset{7}, batch({"c"}));
  spans.push(LogletOffset{8}, batch({"d", "e", "f"}));

  CHECK(spans.find(LogletOffset{4}).empty());
  CHECK(spans.find(LogletOffset{5}).size() == 2);
  CHECK(spans.find(LogletOffset{6}).front().body == Bytes("b"));
  CHECK(spans.find(LogletOffset{7}).front().body == Bytes("c"));
  CHECK(spans.find(LogletOffset{9}).size() == 2);
  CHECK(spans.find(LogletOffset{11}).empty());

  SECTION("trimming drops what is trimmed completely") {
    spans.trim(LogletOffset{7});
    CHECK(spans.find(LogletOffset{7}).empty());
    CHECK(spans.find(LogletOffset{8}).size() == 3);
    spans.trim(LogletOffset{9});
    CHECK(spans.find(LogletOffset{10}).size() == 1);
  }
  SECTION("shrinking keeps the newest batch, however large") {
    spans.shrink(0);
    CHECK(spans.find(LogletOffset{7}).empty());
    CHECK(spans.find(LogletOffset{8}).size() == 3);
    CHECK(spans.bytes() == weight(*batch({"d", "e", "f"})));
  }
}
