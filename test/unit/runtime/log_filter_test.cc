#include "runtime/log_filter.h"

#include "support/catch.h"

using restate::Code, restate::LogFilter, restate::LogLevel;

TEST_CASE("a level speaks for everybody", "[runtime][log]") {
  const auto filter = LogFilter::parse("warn");
  REQUIRE(filter);
  CHECK(filter->allows(LogLevel::kWarn, "uv"));
  CHECK(filter->allows(LogLevel::kError, "uv"));
  CHECK(!filter->allows(LogLevel::kInfo, "uv"));
  CHECK(!filter->allows_somewhere(LogLevel::kInfo));
  CHECK(LogFilter().allows(LogLevel::kInfo, "uv"));
}

TEST_CASE("the longest target that fits decides", "[runtime][log]") {
  const auto filter = LogFilter::parse(
      "error, restate=INFO ,restate::bifrost=debug,restate_invoker=warn,partition=off,hyper=trace");
  REQUIRE(filter);
  CHECK(filter->allows(LogLevel::kInfo, "uv"));
  CHECK(!filter->allows(LogLevel::kDebug, "uv"));
  CHECK(filter->allows(LogLevel::kDebug, "bifrost"));
  CHECK(!filter->allows(LogLevel::kTrace, "bifrost"));
  CHECK(!filter->allows(LogLevel::kInfo, "invoker"));
  CHECK(filter->allows(LogLevel::kWarn, "invoker"));
  CHECK(!filter->allows(LogLevel::kError, "partition"));
}

TEST_CASE("the last word on a target counts", "[runtime][log]") {
  CHECK(LogFilter::parse("uv=info,uv=debug")->allows(LogLevel::kDebug, "uv"));
  CHECK(!LogFilter::parse("uv=debug,uv=info")->allows(LogLevel::kDebug, "uv"));
}

TEST_CASE("what nobody names is off", "[runtime][log]") {
  const auto filter = LogFilter::parse("uv=info");
  REQUIRE(filter);
  CHECK(filter->allows(LogLevel::kInfo, "uv"));
  CHECK(!filter->allows(LogLevel::kError, "node"));
  CHECK(!LogFilter::parse("")->allows_somewhere(LogLevel::kError));
  CHECK(!LogFilter::parse("off")->allows_somewhere(LogLevel::kError));
}

TEST_CASE("what is no directive is refused", "[runtime][log]") {
  const auto text = GENERATE(as<std::string>{}, "loud", "uv=", "uv=loud", "=info", "info=uv");
  const auto filter = LogFilter::parse(text);
  REQUIRE(filter == Code::kInvalidArgument);
  CHECK(filter.error().message.find("'" + text + "'") != std::string::npos);
}
