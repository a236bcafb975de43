#include "partition/format2.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "storage/keys.h"

#include <array>
#include <utility>

namespace restate::partition {

namespace {

/// tag, partition id, milliseconds, kind, uuid, completion id.
constexpr std::size_t kOldTimerKey = 2 + 8 + 8 + 1 + 16 + 4;
/// tag, partition key, uuid: how every row of a journal begins.
constexpr std::size_t kOfInvocation = 2 + 8 + 16;

/// In the order in which they are looked through; the cursor's first two bytes say where it is. The
/// entries of journals are not: they are large, and gone with their status row for sure, since they
/// are deleted by number.
constexpr std::array kTables = {keys::kTimers, keys::kAnnounced, keys::kArrivals, keys::kEvents};

/// Moves one timer, unless it was moved before.
bool move_timer(std::string_view key, std::string_view value, storage::Batch& batch) {
  if (key.size() != kOldTimerKey) return true;
  const auto timer = rows::decode_timer(Bytes::literal(value));
  if (!timer) return false;
  batch.put(std::string(key) +
                storage::KeyWriter().u64(timer->key.invocation.key.value).take(),
            value);
  batch.erase(key);
  return true;
}

/// Remembers the last answer: rows of one invocation lie together.
class Owners {
 public:
  explicit Owners(const storage::View& rows) : rows_(rows) {}

  Result<bool> exist(std::string_view owner) {
    if (owner == last_) return there_;
    RESTATE_TRY(const auto row,
                rows_.get(std::string(keys::kStatus).append(owner.substr(keys::kStatus.size()))));
    last_ = owner;
    there_ = row.has_value();
    return there_;
  }

 private:
  const storage::View& rows_;
  std::string last_;
  bool there_ = false;
};

}  // namespace

Result<bool> ToFormat2::step(PartitionId partition, const storage::View& rows, std::string& cursor,
                             storage::Batch& batch) const {
  std::size_t table = 0;
  while (!cursor.empty() && !cursor.starts_with(kTables[table])) ++table;
  const std::string_view tag = kTables[table];
  const std::string prefix =
      tag == keys::kTimers ? keys::of_partition(tag, partition) : std::string(tag);
  std::size_t seen = 0;
  bool more = false;
  Owners owners(rows);
  Result<void> outcome;
  storage::RowCallback visit([&](std::string_view key, std::string_view value) {
    more = seen == kRowsPerStep;
    if (more) return false;
    ++seen;
    cursor = std::string(key) + '\0';
    if (tag == keys::kTimers) {
      if (move_timer(key, value, batch)) return true;
      outcome = rows::corrupt(tag, key);
      return false;
    }
    const auto owned = owners.exist(key.substr(0, kOfInvocation));
    if (!owned) {
      outcome = owned.error();
      return false;
    }
    if (!*owned) batch.erase(key);
    return true;
  });
  RESTATE_TRY_VOID(
      rows.scan(cursor.empty() ? prefix : cursor, storage::prefix_end(prefix), visit));
  RESTATE_TRY_VOID(std::move(outcome));
  if (more) return false;
  if (table + 1 == kTables.size()) return true;
  cursor = std::string(kTables[table + 1]);
  return false;
}

}  // namespace restate::partition
