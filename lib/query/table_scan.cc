#include "query/table_scan.h"

#include "common/hash.h"
#include "partition/keys.h"
#include "partition/rows.h"

#include <algorithm>
#include <optional>
#include <set>

namespace restate::query {
namespace {

namespace keys = partition::keys;

/// Which column of a table says what its keys are made of.
struct AccessPaths {
  std::string_view id = {};  ///< an invocation; rows of one lie together if `id_is_key`
  bool id_is_key = false;
  bool one_row_per_id = false;
  std::string_view service_key = {};  ///< its hash is the partition key, unless there is a scope
  std::string_view queue = {};        ///< a queue, which tells the partition key
};

AccessPaths paths_of(TableId table) {
  switch (table) {
    case TableId::kInvocation:
    case TableId::kInvocationStatus:
      return {.id = "id",
              .id_is_key = true,
              .one_row_per_id = true,
              .service_key = "target_service_key"};
    case TableId::kJournal:
    case TableId::kJournalEvents:
      return {.id = "id", .id_is_key = true};
    case TableId::kInbox:
      return {.id = "id", .service_key = "service_key"};
    case TableId::kKeyedServiceStatus:
      return {.id = "invocation_id", .service_key = "service_key"};
    case TableId::kLocks:
      return {.id = "acquired_by"};
    case TableId::kState:
    case TableId::kPromise:
      return {.service_key = "service_key"};
    case TableId::kVqueueEntryStatus:
      return {.id = "entry_id", .id_is_key = true, .one_row_per_id = true, .queue = "vqueue_id"};
    case TableId::kVqueues:
      return {.id = "entry_id", .id_is_key = true, .one_row_per_id = true, .queue = "id"};
    case TableId::kVqueueMeta:
    case TableId::kScheduler:
      return {.queue = "id"};
    case TableId::kInvocationState:
      return {.id = "id"};
    case TableId::kDeployment:
    case TableId::kRules:
    case TableId::kService:
    case TableId::kUserLimits:
      return {};
  }
  RESTATE_UNREACHABLE();
}

/// Keeps what both know; without an earlier set, all of `keys`.
void narrow(std::optional<std::set<std::uint64_t>>& known, std::set<std::uint64_t> keys) {
  if (!known) {
    known = std::move(keys);
    return;
  }
  std::erase_if(*known, [&](std::uint64_t key) { return !keys.contains(key); });
}

/// One scan looks at this many rows before it can be interrupted.
constexpr std::size_t kLooks = 8192;

/// The words of `sys_invocation` that only an attempt in memory can earn.
bool are_live(const Filter& filter) {
  return filter.names_values() &&
         std::all_of(filter.texts.begin(), filter.texts.end(), [](const std::string& word) {
           return word == "running" || word == "backing-off";
         });
}

}  // namespace

bool is_of_partitions(TableId table) {
  return table != TableId::kDeployment && table != TableId::kService && table != TableId::kRules;
}

std::optional<std::set<InvocationId>> named_invocations(const Table& table,
                                                        const std::vector<Filter>& filters) {
  const AccessPaths paths = paths_of(table.id);
  if (paths.id.empty() || (!paths.id_is_key && table.id != TableId::kInvocationState)) return {};
  std::optional<std::set<InvocationId>> ids;
  for (const Filter& filter : filters) {
    if (!filter.names_values() || table.columns[filter.column].name != paths.id) continue;
    std::set<InvocationId> named;
    for (const std::string& text : filter.texts) {
      if (const auto id = InvocationId::parse(text)) named.insert(*id);  // else no row has it
    }
    if (!ids) {
      ids = std::move(named);
      continue;
    }
    std::erase_if(*ids, [&](const InvocationId& id) { return !named.contains(id); });
  }
  return ids;
}

TableScan::TableScan(InputsPtr inputs, const Table& table, std::vector<std::size_t> columns,
                     const std::vector<Filter>& filters, const std::optional<Top>& top)
    : inputs_(std::move(inputs)), table_(table), columns_(std::move(columns)) {
  switch (table.id) {
    case TableId::kInvocation:
    case TableId::kInvocationStatus:
      stored_ = make_invocation_rows(table_, columns_, filters, top);
      break;
    case TableId::kJournal:
      stored_ = make_journal_rows(columns_);
      break;
    case TableId::kJournalEvents:
      stored_ = make_event_rows(columns_);
      break;
    case TableId::kState:
      stored_ = make_state_rows(columns_);
      break;
    case TableId::kPromise:
      stored_ = make_promise_rows(columns_);
      break;
    case TableId::kInbox:
      stored_ = make_inbox_rows(columns_);
      break;
    case TableId::kKeyedServiceStatus:
      stored_ = make_holder_rows(columns_);
      break;
    case TableId::kLocks:
      stored_ = make_lock_rows(columns_);
      break;
    case TableId::kVqueues:
    case TableId::kVqueueEntryStatus:
      stored_ = make_queue_entry_rows(table_, columns_);
      break;
    case TableId::kVqueueMeta:
    case TableId::kScheduler:
      stored_ = make_queue_rows(table_, columns_, inputs_->at);
      break;
    case TableId::kInvocationState:
      listed_ = make_live_rows(*inputs_, columns_);
      break;
    case TableId::kService:
      listed_ = make_service_rows(*inputs_, columns_);
      break;
    case TableId::kDeployment:
      listed_ = make_deployment_rows(*inputs_, columns_);
      break;
    case TableId::kRules:
      listed_ = make_rule_rows(*inputs_, columns_);
      break;
    case TableId::kUserLimits:
      listed_ = make_counter_rows(*inputs_, columns_);
      break;
  }
  if (inputs_->only && is_of_partitions(table.id)) {
    const auto ids = named_invocations(table, filters);
    beyond_inputs_ = !ids || !std::includes(inputs_->only->begin(), inputs_->only->end(),
                                            ids->begin(), ids->end());
  }
  if (listed_) parts_.emplace_back();
  if (stored_) plan(filters);
}

void TableScan::plan_ids(const std::set<InvocationId>& ids) {
  const bool one_row = paths_of(table_.id).one_row_per_id;
  for (const InvocationId& id : ids) {
    const PartitionInput* partition = inputs_->find(id.key);
    if (partition == nullptr || !partition->rows) continue;
    const std::string lower = keys::of_invocation(stored_->tag(), id);
    parts_.push_back({partition, lower, one_row ? std::string() : storage::prefix_end(lower)});
  }
}

void TableScan::plan(const std::vector<Filter>& filters) {
  const AccessPaths paths = paths_of(table_.id);
  std::optional<std::set<std::uint64_t>> places;
  const auto name_of = [this](const Filter& filter) { return table_.columns[filter.column].name; };
  // Where a key with a scope lies, the key does not tell.
  const bool by_key =
      std::any_of(
          filters.begin(), filters.end(),
          [&](const Filter& filter) { return filter.is_null && name_of(filter) == "scope"; }) ||
      std::none_of(inputs_->partitions.begin(), inputs_->partitions.end(),
                   [](const PartitionInput& partition) { return partition.scoped; });
  bool only_live = false;
  for (const Filter& filter : filters) {
    if (!filter.names_values()) continue;
    const std::string_view name = name_of(filter);
    std::set<std::uint64_t> at;
    if (name == "partition_key") {
      at.insert(filter.numbers.begin(), filter.numbers.end());
    } else if (name == paths.id) {
      for (const std::string& text : filter.texts) {
        if (const auto id = InvocationId::parse(text)) at.insert(id->key.value);
      }
    } else if (name == paths.queue) {
      for (const std::string& text : filter.texts) {
        if (const auto queue = wire::QueueId::parse(text)) at.insert(queue->key.value);
      }
    } else if (name == "scope" || (name == paths.service_key && by_key)) {
      for (const std::string& text : filter.texts) at.insert(key_of(text).value);
    } else {
      only_live =
          only_live || (table_.id == TableId::kInvocation && name == "status" && are_live(filter));
      continue;
    }
    narrow(places, std::move(at));
  }

  auto ids = named_invocations(table_, filters);
  if (!ids && only_live) {
    ids.emplace();
    for (const PartitionInput& partition : inputs_->partitions) {
      for (const LiveAttempt& attempt : partition.live) ids->insert(attempt.invocation);
    }
  }
  if (ids) {
    if (places) {
      std::erase_if(*ids, [&](const InvocationId& id) { return !places->contains(id.key.value); });
    }
    return plan_ids(*ids);
  }
  const std::string_view tag = stored_->tag();
  if (places) {
    for (const std::uint64_t key : *places) {
      const PartitionInput* partition = inputs_->find(PartitionKey{key});
      if (partition == nullptr || !partition->rows) continue;
      const std::string lower = keys::of_partition_key(tag, PartitionKey{key});
      parts_.push_back({partition, lower, storage::prefix_end(lower)});
    }
    return;
  }
  for (const PartitionInput& partition : inputs_->partitions) {
    if (!partition.rows) continue;
    parts_.push_back({&partition, std::string(tag), storage::prefix_end(tag)});
  }
}

Result<std::size_t> TableScan::read(Cursor& cursor, std::size_t limit, RowSink& sink) const {
  if (cursor.at_end || cursor.part >= parts_.size()) {
    cursor.at_end = true;
    return std::size_t{0};
  }
  if (beyond_inputs_) {
    return Error{Code::kInternal, "the statement reads more than it was given; try it again"};
  }
  if (listed_) return read_list(cursor, limit, sink);
  const Part& part = parts_[cursor.part];
  if (part.upper.empty()) return read_row(part, cursor, sink);
  return read_rows(part, cursor, limit, sink);
}

std::size_t TableScan::read_list(Cursor& cursor, std::size_t limit, RowSink& sink) const {
  const std::size_t end = std::min(listed_->size(), cursor.index + limit);
  const std::size_t rows = end - cursor.index;
  for (; cursor.index < end; ++cursor.index) listed_->put(cursor.index, sink);
  cursor.at_end = end == listed_->size();
  return rows;
}

Result<std::size_t> TableScan::read_row(const Part& part, Cursor& cursor, RowSink& sink) const {
  cursor.at_end = true;
  RESTATE_TRY(const auto value, part.partition->rows->get(part.lower));
  if (!value) return std::size_t{0};
  if (!cursor.memo) cursor.memo = stored_->make_memo();
  switch (stored_->put(*part.partition, part.lower, value->view(), sink, cursor.memo.get())) {
    case StoredRows::Outcome::kRow:
      return std::size_t{1};
    case StoredRows::Outcome::kNoRow:
      return std::size_t{0};
    case StoredRows::Outcome::kCorrupt:
      break;
  }
  return partition::rows::corrupt(stored_->tag(), part.lower);
}

Result<std::size_t> TableScan::read_rows(const Part& part, Cursor& cursor, std::size_t limit,
                                         RowSink& sink) const {
  std::size_t rows = 0, looks = 0;
  std::optional<Error> corrupt;
  bool stopped = false;
  if (!cursor.memo) cursor.memo = stored_->make_memo();
  storage::RowCallback visitor([&](std::string_view key, std::string_view value) {
    switch (stored_->put(*part.partition, key, value, sink, cursor.memo.get())) {
      case StoredRows::Outcome::kRow:
        ++rows;
        break;
      case StoredRows::Outcome::kNoRow:
        break;
      case StoredRows::Outcome::kCorrupt:
        corrupt = partition::rows::corrupt(stored_->tag(), key);
        return false;
    }
    if (rows < limit && ++looks < kLooks) return true;
    stopped = true;
    cursor.next.assign(key);
    cursor.next.push_back('\0');
    return false;
  });
  // A copy: the visitor changes the cursor.
  const std::string start = cursor.next.empty() ? part.lower : cursor.next;
  RESTATE_TRY_VOID(part.partition->rows->scan(start, part.upper, visitor));
  if (corrupt) return *std::move(corrupt);
  cursor.at_end = !stopped;
  return rows;
}

}  // namespace restate::query
