#include "query/access_paths.h"

#include <restate/assert.h>

#include <algorithm>
#include <string>
#include <utility>

namespace restate::query {

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

bool is_look_up(const Table& table, const Filter& filter) {
  const AccessPaths paths = paths_of(table.id);
  if (!paths.id_is_key || !filter.names_values()) return false;
  if (table.columns[filter.column].name != paths.id) return false;
  // An id that is spelled in another way is found all the same, and is not equal.
  return std::all_of(filter.texts.begin(), filter.texts.end(), [](const std::string& text) {
    const auto id = InvocationId::parse(text);
    return !id || id->str() == text;
  });
}

}  // namespace restate::query
