#include "audit.h"

#include "engine.h"
#include "partition/tables.h"
#include "test/support/partition.h"
#include "wire/codec.h"

#include <restate/partition/machine.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

namespace sim {
namespace {

using namespace restate;

/// Records between restarts: what only memory knows is forgotten that often.
constexpr std::size_t kRecordsPerLife = 16;

/// The rules of deduplication, told a second time.
class Duplicates {
 public:
  bool operator()(const wire::Dedup& dedup) {
    if (const auto* self = std::get_if<wire::SelfDedup>(&dedup)) {
      if (self_ && *self <= *self_) return true;
      self_ = *self;
    } else if (const auto* from = std::get_if<wire::PartitionDedup>(&dedup)) {
      return repeats(partitions_, from->from, from->sequence);
    } else if (const auto* producer = std::get_if<wire::ProducerDedup>(&dedup)) {
      return repeats(producers_, producer->producer, producer->sequence);
    }
    return false;
  }

 private:
  template <class Sender>
  static bool repeats(std::map<Sender, std::uint64_t>& marks, const Sender& sender,
                      std::uint64_t sequence) {
    const auto [mark, fresh] = marks.emplace(sender, sequence);
    if (!fresh && sequence <= mark->second) return true;
    mark->second = sequence;
    return false;
  }

  std::optional<wire::SelfDedup> self_;
  std::map<PartitionId, std::uint64_t> partitions_;
  std::map<Uuid, std::uint64_t> producers_;
};

/// Who holds permits of the scope whose rules never change.
class FixedLimits {
 public:
  void on(const partition::Action& action) {
    const auto* moved = std::get_if<partition::QueueMoved>(&action);
    if (moved == nullptr || moved->scope != "fixed") return;
    running_.erase(moved->invocation);
    if (moved->to != partition::QueueStage::kRunning) return;
    running_[moved->invocation] = moved->limit_key == "a" || moved->limit_key.starts_with("a/");
  }
  std::size_t running() const { return running_.size(); }
  bool holds() const {
    const auto of_a = std::ranges::count_if(running_, [](const auto& one) { return one.second; });
    return running_.size() <= Engine::kFixedLimit && of_a <= 1;
  }

 private:
  std::map<InvocationId, bool> running_;  ///< whether its limit key is below `a`
};

/// What traces are told: one start and one end of each life, where they belong.
class Told {
 public:
  /// False: a start was told again.
  bool on(const partition::Action& action) {
    if (const auto* started = std::get_if<partition::InvocationStarted>(&action)) {
      return open_.insert(started->invocation).second;
    }
    if (const auto* ended = std::get_if<partition::InvocationEnded>(&action)) {
      open_.erase(ended->invocation);
    }
    return true;
  }
  /// What should have been told by now; empty if all was.
  Result<std::string> missing(const partition::Tables& tables) const {
    for (const InvocationId& id : open_) {
      RESTATE_TRY(const auto status, tables.find_invocation(id));
      if (!status || status->status == partition::Status::kCompleted) return "the end of " + id.str() + " was not told";
    }
    return std::string();
  }
  bool open(const InvocationId& id) const { return open_.contains(id); }

 private:
  std::set<InvocationId> open_;
};

Error broken(PartitionId partition, std::uint64_t lsn, const std::string& what) {
  return {Code::kCorrupt, "partition " + std::to_string(partition.value) + " at LSN " +
                              std::to_string(lsn) + ": " + what};
}

}  // namespace

Result<void> Audit::read(PartitionId partition, const std::vector<bifrost::LogEntry>& log,
                         std::uint64_t applied, const Rows& expected) {
  testing::MapView rows;
  std::unique_ptr<partition::Machine> machine;
  Duplicates duplicate;
  FixedLimits fixed;
  Told told;
  std::size_t records = 0;
  std::uint64_t confirmed = 0;  // messages before this one have arrived
  const auto commit = [&] {
    if (!machine) return;
    storage::Batch batch;
    machine->take_batch(batch);
    rows.commit(batch);
    machine->committed();
  };
  for (const bifrost::LogEntry& entry : log) {
    if (entry.lsn.value > applied) break;
    if (records++ % kRecordsPerLife == 0) {
      commit();
      machine = std::make_unique<partition::Machine>(partition, KeyRange{}, rows);
      RESTATE_TRY_VOID(machine->open());
    }
    RESTATE_TRY(const wire::Envelope envelope, wire::decode(entry.record.body));
    ++commands_[std::string(wire::command_name(envelope.command))];
    partition::Actions actions;
    RESTATE_TRY(const auto result,
                machine->apply(entry.lsn.value, entry.record.created_at, envelope, actions));
    for (const partition::Action& action : actions) {
      fixed.on(action);
      if (told.on(action)) continue;
      return broken(partition, entry.lsn.value, "a start was told again");
    }
    for (const partition::Action& action : actions) {
      const auto* invoked = std::get_if<partition::InvokeAction>(&action);
      if (invoked == nullptr) continue;
      RESTATE_TRY(const auto status, machine->tables().find_invocation(invoked->invocation));
      if (!status || status->span.traceparent.empty() || told.open(invoked->invocation)) continue;
      return broken(partition, entry.lsn.value, "a start was not told");
    }
    most_fixed_ = std::max(most_fixed_, fixed.running());
    if (!fixed.holds()) return broken(partition, entry.lsn.value, "more run than a rule allows");
    if (result.duplicate != duplicate(envelope.dedup)) {
      return broken(partition, entry.lsn.value,
                    result.duplicate ? "a new record was dropped" : "a duplicate was applied");
    }
    const auto* truncate = std::get_if<wire::TruncateOutbox>(&envelope.command);
    if (truncate != nullptr && !result.duplicate) {
      confirmed = std::max(confirmed, truncate->index + 1);
      RESTATE_TRY(const std::uint64_t head, machine->tables().outbox_head());
      if (head != confirmed) {
        return broken(partition, entry.lsn.value, "the outbox does not begin where it must");
      }
    }
    if (const auto* from = std::get_if<wire::PartitionDedup>(&envelope.dedup)) {
      arrived_[from->from].insert(from->sequence);
    }
  }
  commit();
  if (!machine) return {};
  RESTATE_TRY(sent_[partition], machine->tables().outbox_tail());
  RESTATE_TRY(const std::string missing, told.missing(machine->tables()));
  if (!missing.empty()) return broken(partition, applied, missing);
  const bool same =
      rows.rows().size() == expected.size() &&
      std::equal(expected.begin(), expected.end(), rows.rows().begin(),
                 [](const auto& one, const auto& other) {
                   return one.first == other.first && one.second == other.second.view();
                 });
  if (!same) {
    return broken(partition, applied,
                  "a replica of " + std::to_string(rows.rows().size()) +
                      " rows differs from the leader's " + std::to_string(expected.size()));
  }
  return {};
}

Result<void> Audit::check_messages() const {
  for (const auto& [partition, tail] : sent_) {
    const auto found = arrived_.find(partition);
    for (std::uint64_t sequence = 0; sequence < tail; ++sequence) {
      if (found != arrived_.end() && found->second.contains(sequence)) continue;
      return Error{Code::kCorrupt, "message " + std::to_string(sequence) + " of partition " +
                                       std::to_string(partition.value) + " is in no log"};
    }
  }
  return {};
}

}  // namespace sim
