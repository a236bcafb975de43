#include <restate/metadata/partition_table.h>

#include "metadata/field.h"

#include <algorithm>
#include <vector>

namespace restate::metadata {
namespace {

Tree optional_tree(const std::optional<std::string>& text) { return text ? Tree(*text) : Tree(); }

/// Every key has exactly one owner, or routing by this table would lose or double work.
bool tiles(const PartitionTable& table) {
  std::vector<KeyRange> ranges;
  for (const auto& [id, partition] : table.partitions) ranges.push_back(partition.keys);
  std::sort(ranges.begin(), ranges.end(),
            [](const KeyRange& a, const KeyRange& b) { return a.first < b.first; });
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const bool is_last = i + 1 == ranges.size();
    if (ranges[i].first != expected || ranges[i].last < ranges[i].first) return false;
    if (is_last) return ranges[i].last == UINT64_MAX;
    if (ranges[i].last == UINT64_MAX) return false;
    expected = ranges[i].last + 1;
  }
  return false;
}

Tree replication_tree(const PartitionTable& document) {
  if (std::holds_alternative<Everywhere>(document.replication)) return "everywhere";
  const auto& property = std::get<ReplicationProperty>(document.replication);
  const bool nodes_only = !property.zone && !property.region;
  return Tree::Map{
      {"limit", nodes_only ? Tree(std::uint64_t{property.node}) : Tree(property.str())}};
}

void read_replication(Field field, PartitionTable& document) {
  if (field.absent()) return;
  if (field.is_text()) {
    if (field.text() != "everywhere") return field.fail("expected a limit or 'everywhere'");
    document.replication = Everywhere{};
    return;
  }
  const Field limit = field["limit"];
  if (limit.is_number()) {
    document.replication = ReplicationProperty{.node = limit.u8()};
    return;
  }
  auto property = ReplicationProperty::parse(limit.text());
  if (!property) return limit.fail(property.error().message);
  document.replication = *property;
}

}  // namespace

PartitionTable PartitionTable::make(std::uint16_t count, ReplicationProperty replication) {
  RESTATE_ASSERT(count > 0, "a partition table without partitions owns no keys");
  PartitionTable table;
  table.version = Version{1};
  table.replication = replication;
  for (std::uint16_t id = 0; id < count; ++id) {
    table.partitions[PartitionId{id}] = Partition{.keys = partition_range(id, count)};
  }
  return table;
}

PartitionId PartitionTable::find(PartitionKey key) const {
  for (const auto& [id, partition] : partitions) {
    if (partition.keys.contains(key)) return id;
  }
  RESTATE_ASSERT(false, "the partition table leaves a gap");
  return {};
}

std::uint32_t PartitionTable::log_of(PartitionId partition) const {
  const auto found = partitions.find(partition);
  RESTATE_ASSERT(found != partitions.end(), "the log of a partition that does not exist");
  return found->second.log.value_or(partition.value);
}

Bytes encode(const PartitionTable& document) {
  Tree::List partitions;
  for (const auto& [id, partition] : document.partitions) {
    partitions.push_back(Tree::List{
        std::uint32_t{id.value},
        Tree::Map{
            {"key_range",
             Tree::Map{{"start", partition.keys.first}, {"end", partition.keys.last}}},
            {"log_id", partition.log ? Tree(*partition.log) : Tree()},
            {"cf_name", optional_tree(partition.column_family)},
            {"db_name", optional_tree(partition.database)},
        }});
  }
  return encode_tree(Tree::Map{
      {"version", document.version.value},
      {"num_partitions", static_cast<std::uint64_t>(document.partitions.size())},
      {"partitions", std::move(partitions)},
      {"replication", replication_tree(document)},
  });
}

Result<PartitionTable> decode_partition_table(const Bytes& value) {
  RESTATE_TRY(const Tree tree, decode_tree(value));
  std::optional<Error> error;
  const Field root(tree, kPartitionTableKey, error);

  PartitionTable document;
  document.version = Version{root["version"].u32()};
  root["partitions"].each([&](Field item) {
    const Field entry = item.at(1);
    Partition& partition = document.partitions[PartitionId{item.at(0).u16()}];
    partition.keys = {entry["key_range"]["start"].u64(), entry["key_range"]["end"].u64()};
    if (const Field log = entry["log_id"]; !log.absent()) partition.log = log.u32();
    partition.column_family = entry["cf_name"].optional_text();
    partition.database = entry["db_name"].optional_text();
  });
  read_replication(root["replication"], document);
  if (!error && !tiles(document)) root["partitions"].fail("the ranges leave a gap or overlap");
  if (error) return *std::move(error);
  return document;
}

}  // namespace restate::metadata
