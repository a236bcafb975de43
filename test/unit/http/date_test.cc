#include "http/date.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::http;

TEST_CASE("dates look as RFC 9110 wants them", "[http]") {
  CHECK(format_date({0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_date({784'111'777'000}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_date({951'782'399'999}) == "Mon, 28 Feb 2000 23:59:59 GMT");
  CHECK(format_date({951'782'400'000}) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(format_date({951'868'800'000}) == "Wed, 01 Mar 2000 00:00:00 GMT");
  CHECK(format_date({4'107'542'399'000}) == "Sun, 28 Feb 2100 23:59:59 GMT");
  CHECK(format_date({4'107'542'400'000}) == "Mon, 01 Mar 2100 00:00:00 GMT");
  CHECK(format_date({1'735'689'599'000}) == "Tue, 31 Dec 2024 23:59:59 GMT");
}

TEST_CASE("a date is formatted once a second", "[http]") {
  DateCache cache;
  cache.refresh({1'000});
  const std::string first = cache.text();
  cache.refresh({1'999});
  CHECK(cache.text() == first);
  cache.refresh({2'000});
  CHECK(cache.text() == "Thu, 01 Jan 1970 00:00:02 GMT");
}
