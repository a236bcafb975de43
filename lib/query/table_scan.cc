#include "query/table_scan.h"

#include "partition/rows.h"
#include "query/access_paths.h"

#include <algorithm>
#include <optional>

namespace restate::query {
namespace {

/// One scan looks at this many rows before it can be interrupted.
constexpr std::size_t kLooks = 8192;

}  // namespace

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
  const std::size_t begin = cursor.index;
  const std::size_t end = std::min(listed_->size(), begin + limit);
  while (cursor.index < end && !sink.is_full()) listed_->put(cursor.index++, sink);
  cursor.at_end = cursor.index == listed_->size();
  return cursor.index - begin;
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
    if (rows < limit && !sink.is_full() && ++looks < kLooks) return true;
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
