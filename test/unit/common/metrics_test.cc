#include "common/metrics.h"
#include "support/catch.h"

#include <cmath>
#include <string>

namespace restate {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1};

std::string page(const MetricsSnapshot& snapshot) {
  return snapshot.render({{"cluster_name", "c"}, {"node_name", "n"}});
}

TEST_CASE("a page names types and carries the labels of all samples", "[common][metrics]") {
  MetricsSnapshot snapshot(kStart);
  Counter calls;
  calls.add();
  calls.add(2);
  snapshot.counter("calls_total", {{"status", "ok"}}, calls);
  snapshot.gauge("load", {}, 0.25);
  CHECK(page(snapshot) ==
        "# TYPE restate_calls_total counter\n"
        "restate_calls_total{cluster_name=\"c\",node_name=\"n\",status=\"ok\"} 3\n\n"
        "# TYPE restate_load gauge\n"
        "restate_load{cluster_name=\"c\",node_name=\"n\"} 0.25\n\n");
  CHECK(MetricsSnapshot(kStart).render({}).empty());
}

TEST_CASE("values of labels cannot break a line", "[common][metrics]") {
  MetricsSnapshot snapshot(kStart);
  snapshot.counter("calls_total", {{"service", "a\"b\\c\nd"}}, 1);
  CHECK(snapshot.render({}) ==
        "# TYPE restate_calls_total counter\n"
        "restate_calls_total{service=\"a\\\"b\\\\c\\nd\"} 1\n\n");
}

TEST_CASE("snapshots of shards add up", "[common][metrics]") {
  MetricsSnapshot one(kStart), other(kStart);
  Distribution here, there;
  here.record(1'000'000u);
  there.record(3ms);
  one.counter("calls_total", {{"p", "1"}}, 2);
  other.counter("calls_total", {{"p", "1"}}, 3);
  other.counter("calls_total", {{"p", "2"}}, 7);
  one.durations("call_seconds", {}, here);
  other.durations("call_seconds", {}, there);
  one.merge(other);
  const std::string text = one.render({});
  CHECK(text.find("restate_calls_total{p=\"1\"} 5\n") != std::string::npos);
  CHECK(text.find("restate_calls_total{p=\"2\"} 7\n") != std::string::npos);
  CHECK(text.find("# TYPE restate_call_seconds summary\n") != std::string::npos);
  CHECK(text.find("restate_call_seconds{quantile=\"1\"} 0.003\n") != std::string::npos);
  CHECK(text.find("restate_call_seconds_sum 0.004\n") != std::string::npos);
  CHECK(text.find("restate_call_seconds_count 2\n") != std::string::npos);
}

TEST_CASE("quantiles are exact to a sixteenth", "[common][metrics]") {
  Distribution values;
  for (std::uint64_t i = 1; i <= 10'000; ++i) values.record(i * 1000);
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99}) {
    const double exact = share * 10'000'000;
    CAPTURE(share, values.quantile(share));
    CHECK(std::abs(static_cast<double>(values.quantile(share)) - exact) <= exact / 16);
  }
  CHECK(values.quantile(1) == 10'000'000);
  CHECK(values.count() == 10'000);

  Distribution small;
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    small.record(value);
  }
  CHECK(small.quantile(0.33) == 0);
  CHECK(small.quantile(0.66) == 1);
  CHECK(small.quantile(1) == UINT64_MAX);
  CHECK(Distribution().quantile(0.5) == 0);
}

TEST_CASE("time that ran backwards counts as none", "[common][metrics]") {
  Distribution values;
  values.record(Duration{-5});
  CHECK(values.count() == 1);
  CHECK(values.sum() == 0);
}

TEST_CASE("quantiles forget what is old, counts do not", "[common][metrics]") {
  Distribution values;
  values.age(Instant{} + 100s);
  values.record(std::uint64_t{1'000'000});
  values.age(Instant{} + 129s);  // not due yet
  CHECK(values.quantile(0.5) > 0);
  values.age(Instant{} + 130s);
  values.record(std::uint64_t{10});
  CHECK(values.quantile(1) == 1'000'000);
  values.age(Instant{} + 160s);
  CHECK(values.quantile(1) == 10);
  values.age(Instant{} + 190s);
  CHECK(values.quantile(1) == 0);
  CHECK(values.count() == 2);
  CHECK(values.sum() == 1'000'010);
}

}  // namespace
}  // namespace restate
