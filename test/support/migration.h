#pragma once

// A migration as one may be needed one day, from a storage format that never was: rows of table `x0`
// become rows of table `x1`, with their values turned round.

#include "partition/keys.h"
#include "partition/migration.h"
#include "partition/rows.h"

#include <algorithm>
#include <string>

namespace restate::testing {

class TurnRound final : public partition::Migration {
 public:
  static constexpr std::size_t kRowsPerStep = 3;

  static std::string key(std::string_view table, PartitionId partition, int number) {
    std::string key = partition::keys::of_partition(table, partition);
    key.push_back(static_cast<char>(number));
    return key;
  }
  /// Makes a batch into tables of format 0 with `rows` rows.
  static void fill(storage::Batch& batch, PartitionId partition, int rows) {
    batch.put(partition::keys::variable(partition, partition::keys::Variable::kStorageFormat),
              partition::rows::encode_number(0));
    for (int i = 0; i < rows; ++i) {
      batch.put(key("x0", partition, i), "row " + std::to_string(i));
    }
  }

  std::uint64_t from() const override { return 0; }
  Result<bool> step(PartitionId partition, const storage::View& rows, std::string& cursor,
                    storage::Batch& batch) const override {
    const std::string lower = partition::keys::of_partition("x0", partition);
    std::size_t copied = 0;
    bool more = false;
    storage::RowCallback copy([&](std::string_view key, std::string_view value) {
      more = copied == kRowsPerStep;
      if (more) return false;
      ++copied;
      std::string turned(value);
      std::reverse(turned.begin(), turned.end());
      batch.put("x1" + std::string(key.substr(2)), turned);
      cursor = std::string(key) + '\0';
      return true;
    });
    RESTATE_TRY_VOID(rows.scan(cursor.empty() ? lower : cursor, storage::prefix_end(lower), copy));
    if (more) return false;
    storage::RowCallback erase([&](std::string_view key, std::string_view) {
      batch.erase(key);
      return true;
    });
    RESTATE_TRY_VOID(rows.scan(lower, storage::prefix_end(lower), erase));
    return true;
  }
};

}  // namespace restate::testing
