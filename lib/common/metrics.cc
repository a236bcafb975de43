#include "common/metrics.h"

#include <restate/assert.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

namespace restate {
namespace {

using namespace std::chrono_literals;

/// Buckets per power of two: their width is a sixteenth of their values.
constexpr unsigned kSubBits = 4;
constexpr std::uint64_t kSubBuckets = 1u << kSubBits;
constexpr Duration kPageTime = 30s;

constexpr std::array<std::pair<const char*, double>, 4> kQuantiles{
    {{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}, {"1", 1.0}}};

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out.push_back(',');
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out.append("\\n");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

/// `restate_name_suffix{labels} `
void append_head(std::string& out, std::string_view name, std::string_view suffix,
                 const MetricLabels& common, const MetricLabels& labels,
                 const char* quantile = nullptr) {
  out.append("restate_").append(name).append(suffix);
  if (!common.empty() || !labels.empty() || quantile != nullptr) {
    out.push_back('{');
    for (const auto& [key, value] : common) append_label(out, key, value);
    for (const auto& [key, value] : labels) append_label(out, key, value);
    if (quantile != nullptr) append_label(out, "quantile", quantile);
    out.push_back('}');
  }
  out.push_back(' ');
}

}  // namespace

// --- Distribution --------------------------------------------------------------------------------

std::size_t Distribution::bucket_of(std::uint64_t value) {
  if (value < kSubBuckets) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
  return (shift + 1) * kSubBuckets + ((value >> shift) - kSubBuckets);
}

std::uint64_t Distribution::middle_of(std::size_t bucket) {
  if (bucket < kSubBuckets) return bucket;
  const std::size_t shift = bucket / kSubBuckets - 1;
  const std::uint64_t first = (kSubBuckets + bucket % kSubBuckets) << shift;
  return first + ((std::uint64_t{1} << shift) >> 1);
}

void Distribution::record(std::uint64_t value) {
  ++count_;
  sum_ += value;
  Page& page = pages_[0];
  const std::size_t bucket = bucket_of(value);
  if (page.buckets.size() <= bucket) page.buckets.resize(bucket + 1);
  ++page.buckets[bucket];
  ++page.count;
  page.most = std::max(page.most, value);
}

std::uint64_t Distribution::quantile(double share) const {
  const std::uint64_t all = pages_[0].count + pages_[1].count;
  const std::uint64_t most = std::max(pages_[0].most, pages_[1].most);
  if (all == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
  if (rank >= all) return most;
  std::uint64_t seen = 0;
  const std::size_t buckets = std::max(pages_[0].buckets.size(), pages_[1].buckets.size());
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    for (const Page& page : pages_) {
      if (bucket < page.buckets.size()) seen += page.buckets[bucket];
    }
    if (seen >= rank) return std::min(middle_of(bucket), most);
  }
  return most;
}

void Distribution::age(Instant now) {
  if (now - turned_ < kPageTime) return;
  turned_ = now;
  pages_[1] = std::exchange(pages_[0], {});
}

void Distribution::merge(const Distribution& other) {
  count_ += other.count_;
  sum_ += other.sum_;
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    Page& page = pages_[i];
    const Page& more = other.pages_[i];
    if (page.buckets.size() < more.buckets.size()) page.buckets.resize(more.buckets.size());
    for (std::size_t b = 0; b < more.buckets.size(); ++b) page.buckets[b] += more.buckets[b];
    page.count += more.count;
    page.most = std::max(page.most, more.most);
  }
}

// --- Snapshot ------------------------------------------------------------------------------------

MetricsSnapshot::Series& MetricsSnapshot::series(std::string_view name, Type type,
                                                 MetricLabels labels, double unit) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{type, unit, {}}).first;
  }
  RESTATE_ASSERT(found->second.type == type, "a metric has one type");
  return found->second.series[std::move(labels)];
}

void MetricsSnapshot::counter(std::string_view name, MetricLabels labels, std::uint64_t value) {
  series(name, Type::kCounter, std::move(labels)).count += value;
}

void MetricsSnapshot::gauge(std::string_view name, MetricLabels labels, double value) {
  series(name, Type::kGauge, std::move(labels)).level += value;
}

void MetricsSnapshot::summary(std::string_view name, MetricLabels labels, Distribution& values,
                              double unit) {
  values.age(now_);
  series(name, Type::kSummary, std::move(labels), unit).spread.merge(values);
}

void MetricsSnapshot::merge(const MetricsSnapshot& other) {
  for (const auto& [name, family] : other.families_) {
    for (const auto& [labels, more] : family.series) {
      Series& sum = series(name, family.type, labels, family.unit);
      sum.count += more.count;
      sum.level += more.level;
      sum.spread.merge(more.spread);
    }
  }
}

std::string MetricsSnapshot::render(const MetricLabels& common) const {
  std::string out;
  for (const auto& [name, family] : families_) {
    constexpr std::string_view kTypes[] = {"counter", "gauge", "summary"};
    out.append("# TYPE restate_").append(name).append(" ");
    out.append(kTypes[static_cast<std::size_t>(family.type)]).append("\n");
    for (const auto& [labels, series] : family.series) {
      const auto line = [&](std::string_view suffix, const std::string& value,
                            const char* quantile = nullptr) {
        append_head(out, name, suffix, common, labels, quantile);
        out.append(value).append("\n");
      };
      switch (family.type) {
        case Type::kCounter:
          line("", std::to_string(series.count));
          break;
        case Type::kGauge:
          line("", text_of(series.level));
          break;
        case Type::kSummary:
          for (const auto& [text, share] : kQuantiles) {
            line("", text_of(static_cast<double>(series.spread.quantile(share)) * family.unit),
                 text);
          }
          line("_sum", text_of(static_cast<double>(series.spread.sum()) * family.unit));
          line("_count", std::to_string(series.spread.count()));
          break;
      }
    }
    out.push_back('\n');
  }
  return out;
}

}  // namespace restate
