#include "common/version.h"

#include "support/catch.h"

#include <string>

using namespace restate;

TEST_CASE("the version is one, as numbers and as text", "[common]") {
  STATIC_REQUIRE(RESTATE_VERSION ==
                 RESTATE_VERSION_MAJOR * 10000 + RESTATE_VERSION_MINOR * 100 + RESTATE_VERSION_PATCH);
  CHECK(version() == std::to_string(RESTATE_VERSION_MAJOR) + "." +
                         std::to_string(RESTATE_VERSION_MINOR) + "." +
                         std::to_string(RESTATE_VERSION_PATCH));
  CHECK(version() == RESTATE_VERSION_STRING);
  CHECK(version() == kVersion);
}
