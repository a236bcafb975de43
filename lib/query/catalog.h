#pragma once

/// \file
/// The tables that SQL shows: their names, and their columns in the order of `SELECT *`. Tools
/// count on both.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace restate::query {

enum class ColumnType : std::uint8_t {
  kText,
  kBool,
  kU32,
  kU64,
  kBinary,
  kTime,      ///< milliseconds since 1970, UTC
  kDuration,  ///< milliseconds
  kTexts,     ///< a list
  kU32s,      ///< a list
};

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  bool nullable = true;
};

enum class TableId : std::uint8_t {
  kState,
  kDeployment,
  kInbox,
  kInvocation,
  kInvocationState,
  kInvocationStatus,
  kJournal,
  kJournalEvents,
  kKeyedServiceStatus,
  kLocks,
  kPromise,
  kRules,
  kScheduler,
  kService,
  kUserLimits,
  kVqueueEntryStatus,
  kVqueueMeta,
  kVqueues,
};

struct Table {
  TableId id;
  std::string_view name;
  std::span<const Column> columns;
  /// Tools that list the tables see a view; it is read like all the others.
  bool view = false;
};

/// Every table, by name.
std::span<const Table> tables();
const Table& table(TableId id);
/// Null: there is none of this name.
const Table* find_table(std::string_view name);
/// The place of a column, which must exist.
std::size_t column_index(const Table& table, std::string_view name);

/// The type as `information_schema` calls it, such as `LargeUtf8`.
std::string_view type_name(ColumnType type);

}  // namespace restate::query
