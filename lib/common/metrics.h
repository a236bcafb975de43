#pragma once

/// \file
/// What the parts of a node count, and how it becomes a page that Prometheus reads. Whatever counts
/// belongs to one shard and costs an addition; nobody shares it. Who wants to know goes to every
/// shard, takes a snapshot there, and adds the snapshots up.

#include "common/visibility.h"

#include <restate/time.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate {

/// How often something has happened.
class Counter {
 public:
  void add(std::uint64_t more = 1) { value_ += more; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// How values are spread, such as durations in nanoseconds or sizes in bytes: their number, their
/// sum, and quantiles of the newest, exact to a sixteenth.
class Distribution {
 public:
  void record(std::uint64_t value);
  /// Zero for negative durations: clocks of different nodes may disagree.
  void record(Duration duration) {
    record(duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count()));
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  /// Of the values since the last but one call of `age` that turned a page; 0 if there are none.
  /// `share` from 0 to 1.
  std::uint64_t quantile(double share) const;
  /// Turns the page every half a minute. Called by whoever reads; values that came before the last
  /// page do not count for quantiles any more.
  void age(Instant now);
  void merge(const Distribution& other);

 private:
  struct Page {
    std::vector<std::uint32_t> buckets;  ///< as long as the largest value needs
    std::uint64_t count = 0;
    std::uint64_t most = 0;
  };
  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t bucket);

  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::array<Page, 2> pages_;  ///< the first is written
  Instant turned_{};
};

/// In the order in which they are shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// The values of one moment. A name has one type and unit, wherever it is added.
class RESTATE_HIDDEN MetricsSnapshot {
 public:
  explicit MetricsSnapshot(Instant now) : now_(now) {}

  /// Names come without the prefix `restate_`. What is added under the same name and labels adds up.
  void counter(std::string_view name, MetricLabels labels, std::uint64_t value);
  void counter(std::string_view name, MetricLabels labels, const Counter& value) {
    counter(name, std::move(labels), value.value());
  }
  void gauge(std::string_view name, MetricLabels labels, double value);
  /// Durations, shown in seconds.
  void durations(std::string_view name, MetricLabels labels, Distribution& values) {
    summary(name, std::move(labels), values, 1e-9);
  }
  /// `unit`: what a value of 1 is shown as.
  void summary(std::string_view name, MetricLabels labels, Distribution& values, double unit = 1);

  void merge(const MetricsSnapshot& other);

  /// The text format of Prometheus. `common` stands in front of the labels of every sample.
  std::string render(const MetricLabels& common) const;

 private:
  enum class Type : std::uint8_t { kCounter, kGauge, kSummary };
  struct Series {
    std::uint64_t count = 0;
    double level = 0;
    Distribution spread;
  };
  struct Family {
    Type type = Type::kCounter;
    double unit = 1;
    std::map<MetricLabels, Series> series;
  };
  Series& series(std::string_view name, Type type, MetricLabels labels, double unit = 1);

  Instant now_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace restate
