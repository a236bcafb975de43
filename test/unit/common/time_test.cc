#include <restate/log.h>
#include <restate/time.h>

#include "support/catch.h"

using namespace restate;
using namespace std::chrono_literals;

TEST_CASE("instants measure, wall times saturate", "[common][time]") {
  const Instant start{1000};
  CHECK(start + 1us == Instant{2000});
  CHECK((start + 1s) - start == 1s);
  CHECK(start - 1us == Instant{0});
  CHECK(start < start + 1ns);

  CHECK(WallTime{5}.plus(7) == WallTime{12});
  CHECK(WallTime{5}.plus(UINT64_MAX) == WallTime{UINT64_MAX});
  CHECK(WallTime{12}.ms_since(WallTime{5}) == 7);
  CHECK(WallTime{5}.ms_since(WallTime{12}) == 0);
}

TEST_CASE("log fields take what people log", "[common][log]") {
  CHECK(LogField("key", 7).value == "7");
  CHECK(LogField("key", "text").value == "text");
  CHECK(LogField("key", std::string_view("view")).value == "view");
  CHECK(!null_logger().enabled(LogLevel::kError));
  null_logger().error("common", "into the void", {{"a", 1}});
}
