#include "native/run_policy.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::native;
using namespace std::chrono_literals;

TEST_CASE("without a policy of its own a step leaves it to the invocation", "[native][run]") {
  const RunVerdict verdict = judge_run_failure({}, 1000, 1'000'000);
  CHECK_FALSE(verdict.give_up);
  CHECK_FALSE(verdict.retry_delay_ms);
}

TEST_CASE("delays grow up to a limit", "[native][run]") {
  const RunOptions options{.initial_interval = 100ms, .factor = 3.0, .max_interval = 1s};
  CHECK(judge_run_failure(options, 1, 0).retry_delay_ms == std::uint64_t{100});
  CHECK(judge_run_failure(options, 2, 0).retry_delay_ms == std::uint64_t{300});
  CHECK(judge_run_failure(options, 3, 0).retry_delay_ms == std::uint64_t{900});
  CHECK(judge_run_failure(options, 4, 0).retry_delay_ms == std::uint64_t{1000});
  CHECK(judge_run_failure(options, UINT32_MAX, 0).retry_delay_ms == std::uint64_t{1000});
}

TEST_CASE("a policy is exhausted by number or by time", "[native][run]") {
  CHECK_FALSE(judge_run_failure({.max_attempts = 3}, 2, 0).give_up);
  CHECK(judge_run_failure({.max_attempts = 3}, 3, 0).give_up);
  CHECK(judge_run_failure({.max_attempts = 1}, 1, 0).give_up);
  CHECK_FALSE(judge_run_failure({.max_duration = 1s}, 9, 999).give_up);
  CHECK(judge_run_failure({.max_duration = 1s}, 1, 1000).give_up);
}
