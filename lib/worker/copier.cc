#include "worker/copier.h"

#include <restate/log.h>

#include <atomic>
#include <utility>

namespace restate::worker {

using namespace std::chrono_literals;

namespace {

Error closing() { return {Code::kShutdown, "the partition is closing"}; }

}  // namespace

/// What the pool works on.
struct Copier::Job {
  std::unique_ptr<const storage::Snapshot> rows;
  PartitionId partition;
  KeyRange keys;
  std::uint64_t fingerprint = 0;
  std::size_t keep = 1;
  CopyStore* store = nullptr;
  bool only_look = false;
  std::atomic<bool> unwanted{false};  ///< the partition has closed meanwhile

  Result<TableCopy> copy = TableCopy{};
  std::vector<std::uint64_t> kept;  ///< newest first

  void run() {
    if (!only_look) copy = make();
    rows.reset();
    if (unwanted) return;
    auto found = store->list(partition);
    if (!found) {
      if (copy) copy = found.error();
      return;
    }
    kept = std::move(*found);
    // What is too much goes, the oldest first. If it does not go, it is tried again next time.
    while (copy && !only_look && kept.size() > keep) {
      if (!store->remove(partition, kept.back())) break;
      kept.pop_back();
    }
  }
  Result<TableCopy> make() {
    RESTATE_TRY_VOID(check_wanted());
    RESTATE_TRY(auto writer, store->create(partition));
    const auto write = [&](std::string_view bytes) -> Result<void> {
      RESTATE_TRY_VOID(check_wanted());
      return writer->write(bytes);
    };
    RESTATE_TRY(auto made, export_tables(*rows, partition, keys, fingerprint, write));
    RESTATE_TRY_VOID(check_wanted());
    RESTATE_TRY_VOID(writer->finish(made.applied));
    return made;
  }
  Result<void> check_wanted() const {
    if (unwanted) return closing();
    return {};
  }
};

Copier::Copier(ShardContext& context, storage::PartitionSpace& space, KeyRange keys, Leads leads,
               OnArchived on_archived)
    : context_(context),
      space_(space),
      keys_(keys),
      leads_(std::move(leads)),
      on_archived_(std::move(on_archived)),
      made_(context.shard.now()),
      timer_(context.shard.make_timer([this] { look(); })) {}

Copier::~Copier() {
  // Nobody waits for it: whoever opens the partition again may be making the next one by then.
  if (job_) job_->unwanted = true;
  for (auto* callers : {&waiting_, &served_}) {
    for (auto& done : *callers) done(closing());
  }
}

void Copier::start() {
  auto job = std::make_shared<Job>();
  job->partition = space_.partition();
  job->store = context_.copies;
  job->only_look = true;
  run(std::move(job));
  look();
}

void Copier::look() {
  timer_->arm(context_.shard.now() + limits::kCopyCheck);
  const WorkerOptions& options = context_.options;
  if (job_ || !leads_()) return;
  if (options.copy_interval == Duration{0} && options.copy_records == 0) return;
  const std::uint64_t applied = space_.committed().value;
  if (applied <= newest_ || applied - newest_ < options.copy_records) return;
  if (context_.shard.now() - made_ < options.copy_interval) return;
  begin();
}

void Copier::make(Completion<TableCopy> done) {
  waiting_.push_back(std::move(done));
  if (!job_) begin();
}

void Copier::begin() {
  served_ = std::exchange(waiting_, {});
  auto job = std::make_shared<Job>();
  job->rows = space_.snapshot();
  job->partition = space_.partition();
  job->keys = keys_;
  job->fingerprint = context_.options.fingerprint;
  job->keep = context_.options.copies_kept;
  job->store = context_.copies;
  run(std::move(job));
}

void Copier::run(std::shared_ptr<Job> job) {
  job_ = job;
  context_.shard.run_blocking([job] { job->run(); }, scope_.bind([this, job] { on_made(*job); }));
}

void Copier::on_made(const Job& job) {
  job_.reset();
  made_ = context_.shard.now();
  if (!job.kept.empty()) {
    newest_ = job.kept.front();
    on_archived_(job.kept.back());
  }
  if (!job.copy) {
    context_.shard.log().warn("worker", "no copy of the tables could be made",
                              {{"partition", job.partition.value},
                               {"error", job.copy.error().describe()}});
  }
  for (auto& done : std::exchange(served_, {})) done(job.copy);
  if (!waiting_.empty()) begin();
}

}  // namespace restate::worker
