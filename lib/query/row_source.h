#pragma once

/// \file
/// The two kinds of tables: rows that lie in the partitions' stores, and short lists that are in
/// memory already.

#include "query/catalog.h"
#include "query/filter.h"
#include "query/inputs.h"
#include "query/row_sink.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace restate::query {

/// Turns stored rows into rows of a table. Used by several threads at once.
class StoredRows {
 public:
  enum class Outcome : std::uint8_t { kRow, kNoRow, kCorrupt };
  /// What a scan remembers from one row of a part to the next.
  class Memo {
   public:
    virtual ~Memo() = default;
  };

  virtual ~StoredRows() = default;
  /// The tag of their keys.
  virtual std::string_view tag() const = 0;
  /// Null: it has nothing to remember.
  virtual std::unique_ptr<Memo> make_memo() const { return nullptr; }
  virtual Outcome put(const PartitionInput& partition, std::string_view key, std::string_view value,
                      RowSink& sink, Memo* memo) const = 0;
};

/// Rows in a list. Used by several threads at once.
class ListedRows {
 public:
  virtual ~ListedRows() = default;
  virtual std::size_t size() const = 0;
  virtual void put(std::size_t index, RowSink& sink) const = 0;
};

using Columns = std::span<const std::size_t>;

/// Leaves out rows that the filters, as far as a row's first bytes tell, do not want, and those that
/// cannot be among the first of `top`, for which the filters have to be exact (`Glance::is_exact`).
std::unique_ptr<StoredRows> make_invocation_rows(const Table& table, Columns columns,
                                                 const std::vector<Filter>& filters,
                                                 const std::optional<Top>& top);
std::unique_ptr<StoredRows> make_journal_rows(Columns columns);
std::unique_ptr<StoredRows> make_event_rows(Columns columns);
std::unique_ptr<StoredRows> make_state_rows(Columns columns);
std::unique_ptr<StoredRows> make_promise_rows(Columns columns);
std::unique_ptr<StoredRows> make_inbox_rows(Columns columns);
std::unique_ptr<StoredRows> make_holder_rows(Columns columns);
std::unique_ptr<StoredRows> make_lock_rows(Columns columns);
/// `sys_vqueues` and `sys_vqueue_entry_status`.
std::unique_ptr<StoredRows> make_queue_entry_rows(const Table& table, Columns columns);
/// `sys_vqueue_meta` and `sys_scheduler`, as things stand at `now`.
std::unique_ptr<StoredRows> make_queue_rows(const Table& table, Columns columns, WallTime now);

// The inputs outlive the rows.
std::unique_ptr<ListedRows> make_live_rows(const Inputs& inputs, Columns columns);
std::unique_ptr<ListedRows> make_counter_rows(const Inputs& inputs, Columns columns);
std::unique_ptr<ListedRows> make_service_rows(const Inputs& inputs, Columns columns);
std::unique_ptr<ListedRows> make_deployment_rows(const Inputs& inputs, Columns columns);
std::unique_ptr<ListedRows> make_rule_rows(const Inputs& inputs, Columns columns);

}  // namespace restate::query
