#include "common/duration_text.h"

#include "support/catch.h"

using namespace restate;

TEST_CASE("durations are read in all the forms people use", "[common][duration]") {
  const std::vector<std::pair<std::string, std::uint64_t>> cases{
      {"10s", 10'000}, {"10sec", 10'000}, {"10 s", 10'000}, {"10 seconds", 10'000},
      {"1m", 60'000}, {"1min30s", 90'000}, {"1h 30m", 5'400'000}, {"1d", 86'400'000},
      {"1w", 604'800'000}, {"2 weeks", 1'209'600'000}, {"100ms", 100}, {"60000ms", 60'000},
      {"1.5s", 1'500}, {"1.5h", 5'400'000}, {"1,5h", 5'400'000}, {"PT10S", 10'000},
      {"pt10s", 10'000}, {"PT0.5S", 500}, {"PT0,5S", 500}, {"P1DT1H", 90'000'000},
      {"P1W", 604'800'000}, {"P1W2DT3H4M5S", 788'645'000}, {"0", 0}, {"0s", 0}, {"PT0S", 0},
      {"-0s", 0}, {"+10s", 10'000}, {"01:02:03", 3'723'000}, {"25:00:00", 90'000'000},
      {"1d 01:00:00.5", 90'000'500}, {"1hour, 30minutes", 5'400'000}, {"1 day", 86'400'000},
      {"1d 2h 3m", 93'780'000}, {"10s ", 10'000}, {"0s ago", 0}, {"7304484d", 631'107'417'600'000}};
  for (const auto& [text, ms] : cases) {
    CAPTURE(text);
    const auto parsed = parse_duration_ms(text);
    REQUIRE(parsed);
    CHECK(*parsed == ms);
  }
}

TEST_CASE("what is finer than a millisecond is rounded up", "[common][duration]") {
  CHECK(parse_duration_ms("1us") == std::uint64_t{1});
  CHECK(parse_duration_ms("1ns") == std::uint64_t{1});
  CHECK(parse_duration_ms("1001us") == std::uint64_t{2});
  CHECK(parse_duration_ms("1 \u00b5s") == std::uint64_t{1});
}

TEST_CASE("what is no duration is refused", "[common][duration]") {
  for (const char* text :
       {"", "10", "00", "abc", "-10s", "10s ago", "-PT10S", "1M", "1mo", "1y", "P1M", "P1Y", "PT",
        "P", "P1DT", "2026-01-01T00:00:00Z", "99999999999999s", "10s20s", "1s1m", "\xff", "1e3s",
        "Infinity", "1hour,30minutes", " 10s", "1_000s", "10S", "1.5d", "1.5h30m", "1.5ns",
        "+10s ago", "1:2:3", "01:60:00", "01:02", "7304485d", "1s,", "10 s 20", "P1.5D", "PT1.5H1M",
        "1.0123456789s", "PT5", "99999999999999999999999s"}) {
    CAPTURE(text);
    CHECK(parse_duration_ms(text) == Code::kInvalidArgument);
  }
}

TEST_CASE("durations are written in days and smaller units", "[common][duration]") {
  CHECK(duration_text(0) == "0s");
  CHECK(duration_text(60'000) == "1m");
  CHECK(duration_text(90'000) == "1m 30s");
  CHECK(duration_text(1'500) == "1s 500ms");
  CHECK(duration_text(86'400'000) == "1d");
  CHECK(duration_text(93'780'000) == "1d 2h 3m");
  CHECK(duration_text(1'209'600'000) == "14d");
}
