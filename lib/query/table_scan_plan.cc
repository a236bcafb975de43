#include "query/access_paths.h"
#include "query/table_scan.h"

#include "common/hash.h"
#include "partition/keys.h"

#include <restate/wire/queue.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace restate::query {
namespace {

namespace keys = partition::keys;

/// Keeps what both know; without an earlier set, all of `keys`.
void narrow(std::optional<std::set<std::uint64_t>>& known, std::set<std::uint64_t> keys) {
  if (!known) {
    known = std::move(keys);
    return;
  }
  std::erase_if(*known, [&](std::uint64_t key) { return !keys.contains(key); });
}

/// The words of `sys_invocation` that only an attempt in memory can earn.
bool are_live(const Filter& filter) {
  return filter.names_values() &&
         std::all_of(filter.texts.begin(), filter.texts.end(), [](const std::string& word) {
           return word == "running" || word == "backing-off";
         });
}

}  // namespace

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

}  // namespace restate::query
