#include "node/metrics_page.h"

#include <algorithm>
#include <memory>

namespace restate::node {
namespace {

double as_double(std::size_t bytes) { return static_cast<double>(bytes); }

/// One gauge with the shape of a summary, as the reference server shows what its partitions differ
/// in.
void add_spread(std::string_view name, std::vector<double> values, MetricsSnapshot& out) {
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  constexpr std::pair<const char*, double> kShares[] = {
      {"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}, {"1.0", 1.0}};
  for (const auto& [text, share] : kShares) {
    const auto at = static_cast<std::size_t>(share * as_double(values.size() - 1) + 0.5);
    out.gauge(name, {{"quantile", text}}, values[at]);
  }
}

}  // namespace

void MetricsPage::fetch(Done done) {
  if (closed_) return;
  waiting_.push_back(std::move(done));
  if (asking_.empty()) begin();
}

void MetricsPage::close(Task done) {
  closed_ = std::move(done);
  if (!on_disks_) home_.post(scope_.bind([this] { closed_(); }));
}

void MetricsPage::begin() {
  asking_ = std::exchange(waiting_, {});
  sum_ = MetricsSnapshot(home_.now());
  left_ = shards_;
  if (config_.disable_prometheus) return ask_disks();
  for (std::size_t i = 0; i < shards_; ++i) {
    auto back = scope_.bind([this](const MetricsSnapshot& counted) { on_counted(counted); });
    on_shard_(i, [&home = home_, back = std::move(back)](ShardNode& node) mutable {
      MetricsSnapshot counted(node.shard().now());
      node.collect(counted);
      home.post_remote([back = std::move(back), counted = std::move(counted)]() mutable {
        back(counted);
      });
    });
  }
}

void MetricsPage::on_counted(const MetricsSnapshot& counted) {
  sum_.merge(counted);
  if (--left_ > 0 || closed_) return;
  add_shared(sum_);
  ask_disks();
}

void MetricsPage::add_shared(MetricsSnapshot& out) const {
  const auto pool = [&out](const char* name, const MemoryPool& memory) {
    out.gauge("memory_pool_capacity_bytes", {{"name", name}}, as_double(memory.capacity()));
    out.gauge("memory_pool_usage_bytes", {{"name", name}}, as_double(memory.used()));
  };
  pool("invoker", shared_.limits.memory().pool());
  pool("ingress", *shared_.request_bodies);
  out.gauge("invoker_concurrency_limit", {{"invoker_id", "0"}}, shared_.limits.limit());

  std::vector<double> lags, ages;
  const WallTime now = home_.wall_now();
  for (const worker::StatusBoard* board : shared_.boards) {
    for (const worker::PartitionStatus& status : *board->read()) {
      lags.push_back(static_cast<double>(status.lag));
      ages.push_back(static_cast<double>(now.ms_since(status.updated_at)) / 1000);
    }
  }
  add_spread("partition_applied_lsn_lag", std::move(lags), out);
  add_spread("partition_time_since_last_status_update_seconds", std::move(ages), out);
  out.gauge("partition_num_unknown_applied_lsn_lag", {}, 0);

  // A node that is alone sees itself.
  for (const char* state : {"alive", "dead", "failing_over", "suspect"}) {
    out.gauge("failure_detector_nodes_total", {{"state", state}},
              std::string_view(state) == "alive" ? 1 : 0);
  }
  out.gauge("failure_detector_lonely", {}, 1);
}

void MetricsPage::ask_disks() {
  on_disks_ = true;
  auto found = std::make_shared<MetricsSnapshot>(home_.now());
  home_.run_blocking(
      [found, &parts = parts_, tables_only = config_.disable_prometheus] {
        if (parts.collect && !tables_only) {
          parts.collect(*found);
        } else {
          parts.store.collect(*found);
        }
      },
      scope_.bind([this, found] { finish(*found); }));
}

void MetricsPage::finish(const MetricsSnapshot& disks) {
  on_disks_ = false;
  // By way of the loop: it may be the end of this object.
  if (closed_) return home_.post(scope_.bind([this] { closed_(); }));
  sum_.merge(disks);
  MetricLabels common;
  if (!config_.disable_prometheus) {
    common = {{"cluster_name", config_.cluster_name}, {"node_name", config_.node_name}};
  }
  const std::string page = sum_.render(common);
  for (Done& done : std::exchange(asking_, {})) done(page);
  if (asking_.empty() && !waiting_.empty()) begin();
}

}  // namespace restate::node
