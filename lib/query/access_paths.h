#pragma once

/// \file
/// Which columns of a table say where its rows lie, and so what filters on them save.

#include "query/catalog.h"
#include "query/filter.h"

#include <restate/ids.h>

#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace restate::query {

/// Which column of a table says what its keys are made of.
struct AccessPaths {
  std::string_view id = {};  ///< an invocation; rows of one lie together if `id_is_key`
  bool id_is_key = false;
  bool one_row_per_id = false;
  std::string_view service_key = {};  ///< its hash is the partition key, unless there is a scope
  std::string_view queue = {};        ///< a queue, which tells the partition key
};

AccessPaths paths_of(TableId table);

/// True if its rows are those of partitions, stored or in memory.
bool is_of_partitions(TableId table);

/// The invocations that a scan with these filters is about, where the table is made of invocations.
/// Nothing: any.
std::optional<std::set<InvocationId>> named_invocations(const Table& table,
                                                        const std::vector<Filter>& filters);

/// True if a scan with this filter, whatever the others are, reads rows that fit it and no others:
/// those of the invocations that it names.
bool is_look_up(const Table& table, const Filter& filter);

}  // namespace restate::query
