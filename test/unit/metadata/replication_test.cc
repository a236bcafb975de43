#include <restate/metadata/replication.h>

#include "support/catch.h"

using restate::metadata::ReplicationProperty;

TEST_CASE("a replication property is written and read as text", "[metadata]") {
  CHECK(ReplicationProperty{.node = 1}.str() == "{node: 1}");
  CHECK(ReplicationProperty{.node = 3, .zone = 2}.str() == "{zone: 2, node: 3}");
  for (const char* text : {"{node: 1}", "{zone: 2, node: 3}", "{region: 2, zone: 2, node: 4}"}) {
    CHECK(ReplicationProperty::parse(text).value().str() == text);
  }
  CHECK(ReplicationProperty::parse(" 2 ").value() == ReplicationProperty{.node = 2});
  CHECK(ReplicationProperty::parse("{zone:2}").value() == ReplicationProperty{.node = 2, .zone = 2});
}

TEST_CASE("a replication property that makes no sense is refused", "[metadata]") {
  for (const char* text : {"", "0", "256", "{}", "{node}", "{node: 0}", "{rack: 2}", "{node: 1",
                           "{zone: 3, node: 2}", "{region: 3, zone: 2, node: 3}"}) {
    CAPTURE(text);
    CHECK(ReplicationProperty::parse(text) == restate::Code::kInvalidArgument);
  }
}
