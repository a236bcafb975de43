#include "worker/processor.h"

#include "partition/tables.h"
#include "worker/copier.h"
#include "worker/leader.h"

#include <restate/log.h>

#include <algorithm>

// Tables that are not there, or do not reach the log any more, come from a copy if there is one.

namespace restate::worker {

Result<bool> PartitionProcessor::needs_copy() const {
  if (context_.copies == nullptr) return false;
  RESTATE_TRY(const auto applied, partition::Tables(description_.id, *space_).applied_lsn());
  return !applied || *applied < needed_;
}

void PartitionProcessor::look_for_copies() {
  auto found = std::make_shared<Result<std::vector<std::uint64_t>>>(std::vector<std::uint64_t>());
  context_.shard.run_blocking(
      [found, copies = context_.copies, id = description_.id] { *found = copies->list(id); },
      scope_.bind([this, found] {
        if (!*found) return stop(Error(found->error()).within("looking for a copy of the tables"));
        copies_ = std::move(**found);
        std::erase_if(copies_, [this](std::uint64_t applied) { return applied < needed_; });
        if (!copies_.empty()) return restore();
        if (needed_ == 0) return open_format();  // it is new, or the log has it all
        stop({Code::kTrimmed, description_.at(needed_) +
                                  ": the records up to here are gone, and no copy of the tables "
                                  "goes that far"});
      }));
}

void PartitionProcessor::restore() {
  const std::uint64_t applied = copies_.front();
  copies_.erase(copies_.begin());
  space_.reset();
  if (auto dropped = context_.store.drop(description_.id); !dropped) {
    return stop(std::move(dropped).error());
  }
  auto source = std::make_shared<Result<CopySource>>(CopySource());
  context_.shard.run_blocking(
      [source, copies = context_.copies, id = description_.id, applied] {
        *source = copies->open(id, applied);
      },
      scope_.bind([this, source, applied] {
        if (!*source) return on_restored(applied, source->error());
        import_ = std::make_unique<TableImport>(
            context_.store, context_.shard,
            WantedCopy{description_.id, description_.keys, context_.options.fingerprint, needed_},
            std::move(**source),
            Completion<TableCopy>(
                context_.shard, scope_.bind([this, applied](Result<TableCopy> restored) {
                  // The import goes before the tables are opened, and not while it speaks.
                  context_.shard.post(scope_.bind([this, applied, restored] {
                    import_.reset();
                    on_restored(applied, restored);
                  }));
                })));
        import_->start();
      }));
}

void PartitionProcessor::on_restored(std::uint64_t applied, const Result<TableCopy>& restored) {
  if (role_ == Role::kStopped) return;
  if (restored) {
    context_.shard.log().info("worker", "the tables were restored from a copy",
                              {{"partition", description_.id.value},
                               {"applied", applied},
                               {"rows", restored->rows}});
    auto space = context_.store.open(description_.id, context_.shard);
    if (!space) return stop(std::move(space).error());
    space_ = std::move(space).value();
    return open_format();
  }
  Error error = Error(restored.error()).within("restoring from the copy up to LSN " +
                                               std::to_string(applied));
  if (error.code == Code::kFailed || error.code == Code::kShutdown || copies_.empty()) {
    return stop(std::move(error));
  }
  // An older one is better than none: the log has the rest.
  context_.shard.log().error(
      "worker", "a copy of the tables is of no use, an older one is tried",
      {{"partition", description_.id.value}, {"error", error.describe()}});
  restore();
}

void PartitionProcessor::begin_copying() {
  if (context_.copies == nullptr) return;
  durability_->set_archived(0);
  copier_ = std::make_unique<Copier>(
      context_, *space_, description_.keys, [this] { return role_ == Role::kLeader; },
      [this](std::uint64_t applied) { durability_->set_archived(applied); });
  copier_->start();
}

void PartitionProcessor::copy_tables(Completion<TableCopy> done) {
  if (copier_) return copier_->make(std::move(done));
  done(Error{Code::kFailedPrecondition,
             "copying partition " + std::to_string(description_.id.value) +
                 (context_.copies == nullptr ? ": there is no place for copies"
                                             : ": its tables are not open")});
}

}  // namespace restate::worker
