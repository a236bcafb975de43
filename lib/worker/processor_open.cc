#include "worker/processor.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "partition/tables.h"
#include "worker/copier.h"
#include "worker/group.h"
#include "worker/leader.h"

#include <restate/log.h>

#include <algorithm>

// From closed tables to a log that is read.

namespace restate::worker {
namespace {

Error sealed_error(const PartitionDescription& description, const partition::Seal& seal) {
  return {Code::kCorrupt,
          description.at(seal.applied) + ": the tables are sealed since " +
              std::to_string(seal.at.ms) + " ms, when the tail of the log was LSN " +
              std::to_string(seal.log_tail) + ": " + seal.reason +
              ". Bring the log back, or drop the tables of the partition and restore a copy"};
}

}  // namespace

void PartitionProcessor::start(std::uint64_t needed) {
  needed_ = needed;
  metrics_.starts.add();
  auto space = context_.store.open(description_.id, context_.shard);
  if (!space) return stop(std::move(space).error());
  space_ = std::move(space).value();
  auto sealed = partition::Tables(description_.id, *space_).seal();
  if (!sealed) return stop(std::move(sealed).error());
  if (*sealed) {
    return stop(sealed_error(description_, **sealed), Recovery::kNone);
  }
  const auto lacking = needs_copy();
  if (!lacking) return stop(lacking.error());
  if (*lacking) return look_for_copies();
  open_format();
}

void PartitionProcessor::open_format() {
  migrator_ = std::make_unique<partition::Migrator>(description_.id, *space_,
                                                    context_.options.migrations);
  if (auto opened = migrator_->open(); !opened) return stop(std::move(opened).error());
  if (migrator_->done()) return open_tables();
  context_.shard.log().info("worker", "the tables are brought to a newer format",
                            {{"partition", description_.id.value},
                             {"from", migrator_->format()},
                             {"to", partition::kStorageFormat}});
  migrate();
}

void PartitionProcessor::migrate() {
  if (role_ == Role::kStopped) return;
  if (batch_.empty()) {
    if (migrator_->done()) return open_tables();
    if (auto filled = migrator_->next(batch_); !filled) return stop(std::move(filled).error());
  }
  const storage::Commit commit{space_.get(), &batch_, space_->committed()};
  auto committed = context_.store.commit({&commit, 1});
  if (!committed && committed.error().code != Code::kOverloaded) {
    return stop(std::move(committed).error().within("migrating tables"));
  }
  if (committed) batch_.clear();
  migration_timer_->arm(context_.shard.now() + (committed ? Duration(0) : milliseconds(2)));
}

void PartitionProcessor::open_tables() {
  migrator_.reset();
  machine_ = std::make_unique<partition::Machine>(description_.id, description_.keys, *space_);
  machine_->set_cache_bytes(context_.options.record_cache_bytes);
  if (auto opened = machine_->open(); !opened) return stop(std::move(opened).error());
  open_log();
}

void PartitionProcessor::open_log() {
  context_.bifrost.ensure_log(
      description_.log,
      Completion<void>(context_.shard, scope_.bind([this](Result<void> ensured) {
        if (!ensured) return stop(std::move(ensured).error());
        context_.bifrost.find_tail(
            description_.log,
            Completion<bifrost::LogTail>(context_.shard,
                                         scope_.bind([this](Result<bifrost::LogTail> tail) {
                                           if (!tail) return stop(std::move(tail).error());
                                           read_log(*tail);
                                         })));
      })));
}

void PartitionProcessor::read_log(const bifrost::LogTail& tail) {
  if (machine_->applied() >= tail.next.value) {
    return seal(tail);
  }
  auto known = machine_->tables().durability();
  if (!known) return stop(std::move(known).error());
  committed_ = machine_->applied();
  log_tail_ = tail.next.value;
  durability_ = std::make_unique<Durability>(
      context_, router_, *space_, description_.log, *known, committed_,
      [this](const wire::UpdateDurability& report) {
        if (role_ != Role::kLeader) return false;
        proposer_.propose(report);
        return true;
      });
  begin_copying();
  group_.add(*this);
  role_ = Role::kFollower;
  reader_ = context_.bifrost.read(description_.log, bifrost::Lsn{machine_->applied() + 1},
                                  description_.keys, *this);
  if (context_.options.lead) campaign();
}

void PartitionProcessor::seal(const bifrost::LogTail& tail) {
  // Going on would give the same LSN to two records. The mark must be on disk before anybody can
  // append: once the log has grown beyond the tables, nothing else tells that they do not belong
  // together.
  const partition::Seal mark{"the log has lost records that the tables hold", machine_->applied(),
                             tail.next.value, context_.shard.wall_now(), context_.options.node};
  storage::Batch batch;
  batch.put(partition::keys::variable(description_.id, partition::keys::Variable::kSeal),
            partition::rows::encode(mark));
  space_->write_local(batch, Completion<void>(context_.shard, scope_.bind([this, mark](
                                                                  Result<void> written) {
    if (!written) {
      return stop(std::move(written).error().within("sealing " +
                                                    description_.at(mark.applied)),
                  Recovery::kNone);
    }
    stop(sealed_error(description_, mark), Recovery::kNone);
  })));
}

}  // namespace restate::worker
