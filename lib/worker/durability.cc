#include "worker/durability.h"

#include "worker/limits.h"
#include "worker/router.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {

using namespace std::chrono_literals;

Durability::Durability(ShardContext& context, Router& router, storage::PartitionSpace& space,
                       bifrost::LogId log, const std::optional<wire::UpdateDurability>& known,
                       std::uint64_t applied, Report report)
    : context_(context),
      router_(router),
      space_(space),
      log_(log),
      report_(std::move(report)),
      unflushed_(context.options.checkpoint_bytes / limits::kRunsPerCheckpoint, 1min),
      trims_(context.options.trim_delay, limits::kDelayedTrimBytes),
      trim_timer_(context.shard.make_timer([this] { trim(); })),
      work_(applied),
      applied_(applied),
      reported_at_bytes_(router.log_bytes()) {
  if (!known) return;
  known_ = known->durable_lsn;
  // The delay goes on where it was before the restart. A clock that was set back makes it start
  // again.
  const std::uint64_t age_ms = context_.shard.wall_now().ms_since(known->at);
  const auto delay_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(context_.options.trim_delay).count());
  trims_.add(known_, context_.shard.now(), milliseconds(std::min(age_ms, delay_ms)),
             router_.log_bytes());
  trim();
}

void Durability::committed(std::uint64_t first, std::uint64_t last, std::size_t bytes, bool work) {
  unflushed_.committed(first, last, bytes, router_.log_bytes(), context_.shard.now());
  router_.add_log_bytes(bytes);
  applied_ = last;
  if (work) work_ = last;
}

void Durability::on_report(const wire::UpdateDurability& report) {
  known_ = report.durable_lsn;
  reported_at_bytes_ = router_.log_bytes();
  trims_.add(known_, context_.shard.now(), Duration{0}, reported_at_bytes_);
  trim();
}

// --- Flushing ------------------------------------------------------------------------------------

Durability::Need Durability::need() {
  unflushed_.on_durable(space_.durable().value);
  if (flushing_ || unflushed_.empty()) return Need::kNone;
  if (unflushed_.bytes() >= context_.options.checkpoint_bytes) return Need::kNow;
  if (work_ > space_.durable().value &&
      unflushed_.age(context_.shard.now()) >= context_.options.checkpoint_interval) {
    return Need::kNow;
  }
  const std::uint64_t bound = limits::kPinnedCheckpoints * context_.options.checkpoint_bytes;
  return pinned_bytes() >= bound ? Need::kPins : Need::kNone;
}

std::uint64_t Durability::pinned_bytes() const {
  return unflushed_.pinned_bytes(router_.log_bytes());
}

void Durability::flush() {
  if (flushing_) return;
  flushing_ = true;
  unflushed_.cut();
  space_.flush(Completion<void>(context_.shard, scope_.bind([this](Result<void> flushed) {
    flushing_ = false;
    if (!flushed) {
      if (flushed.error().code == Code::kFailed) context_.on_failed(flushed.error());
      return;
    }
    report();
  })));
}

void Durability::check() {
  if (need() != Need::kNone) flush();
  report();
  trim();
}

bool Durability::settled() const {
  // A trim that failed waits for a look; one that is not due yet has an alarm.
  const bool trims = trimming_ || (trims_.size() > 0 && !trim_timer_->armed());
  const bool copies = archived_ != UINT64_MAX;  // they may reach further at any time
  return unflushed_.empty() && !flushing_ && !trims && !copies && due_report() == 0;
}

// --- Reporting -----------------------------------------------------------------------------------

/// A report is a record, too: without this, each would be followed by another one for ever.
bool Durability::reporting_is_due() const {
  if (work_ > known_) return true;
  const std::uint64_t bound = limits::kPinnedCheckpoints * context_.options.checkpoint_bytes;
  return router_.log_bytes() - reported_at_bytes_ >= bound;
}

std::uint64_t Durability::due_report() const {
  const std::uint64_t durable = std::min(space_.durable().value, archived_);
  if (durable <= std::max(known_, proposed_) || !reporting_is_due()) return 0;
  return durable;
}

void Durability::report() {
  const std::uint64_t durable = due_report();
  if (durable == 0) return;
  if (report_({durable, context_.shard.wall_now(), space_.partition()})) proposed_ = durable;
}

// --- Trimming ------------------------------------------------------------------------------------

void Durability::trim() {
  if (trimming_) return;
  const auto due = trims_.take_due(context_.shard.now(), router_.log_bytes());
  if (const auto next = trims_.next()) trim_timer_->arm(*next);
  if (!due) return;
  // Never beyond what this store would need after a crash.
  std::uint64_t upto = std::min({*due, space_.durable().value, archived_});
  if (RESTATE_MUTATION("worker/trims-beyond-durable")) upto = applied_;
  if (upto == 0) return;
  trimming_ = true;
  context_.bifrost.trim(log_, bifrost::Lsn{upto},
                        Completion<bifrost::Lsn>(
                            context_.shard, scope_.bind([this, upto](Result<bifrost::Lsn> trimmed) {
                              on_trimmed(upto, trimmed);
                            })));
}

void Durability::on_trimmed(std::uint64_t upto, const Result<bifrost::Lsn>& result) {
  trimming_ = false;
  if (result) return trim();
  // The next look tries again, unless the queue holds a later point, which makes up for this one.
  if (trims_.size() == 0) {
    trims_.add(upto, context_.shard.now(), context_.options.trim_delay, router_.log_bytes());
  }
}

}  // namespace restate::worker
