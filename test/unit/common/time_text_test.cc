#include "common/time_text.h"

#include "support/catch.h"

using namespace restate;

TEST_CASE("points in time are written as RFC 3339", "[common][time]") {
  CHECK(rfc3339_nanos({0}) == "1970-01-01T00:00:00.000000000Z");
  CHECK(rfc3339_nanos({1'767'323'045'678}) == "2026-01-02T03:04:05.678000000Z");
  CHECK(rfc3339_short({1'767'323'045'678}) == "2026-01-02T03:04:05.678000000Z");
  CHECK(rfc3339_short({1'767'323'045'000}) == "2026-01-02T03:04:05Z");
  CHECK(rfc3339_offset({1'767'323'045'678}) == "2026-01-02T03:04:05.678+00:00");
  CHECK(rfc3339_offset({1'767'323'045'000}) == "2026-01-02T03:04:05+00:00");
}

TEST_CASE("leap days and the end of the calendar are no exception", "[common][time]") {
  CHECK(rfc3339_short({951'782'400'000}) == "2000-02-29T00:00:00Z");
  CHECK(rfc3339_short({951'868'800'000}) == "2000-03-01T00:00:00Z");
  CHECK(rfc3339_short({4'107'542'400'000}) == "2100-03-01T00:00:00Z");
  CHECK(rfc3339_nanos(kLastNamedTime) == "9999-12-31T23:59:59.999000000Z");
  CHECK(rfc3339_nanos({UINT64_MAX}) == "9999-12-31T23:59:59.999000000Z");
}

TEST_CASE("dates before the first one that is counted from", "[common][time]") {
  const auto date = [](std::int64_t days) {
    std::string text;
    append_date(text, days);
    return text;
  };
  CHECK(date(0) == "1970-01-01");
  CHECK(date(20'455) == "2026-01-02");
  CHECK(date(11'016) == "2000-02-29");
  CHECK(date(-1) == "1969-12-31");
  std::string time;
  append_time(time, -1, 6);
  CHECK(time == "1969-12-31T23:59:59.999999");
}
