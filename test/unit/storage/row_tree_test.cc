#include "storage/memory/row_tree.h"
#include "runtime/split_mix.h"
#include "support/catch.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

namespace restate::storage {
namespace {

using Rows = std::map<std::string, std::string>;

Rows rows_of(const RowTree& tree) {
  Rows rows;
  RowCallback visitor([&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  tree.scan({}, {}, visitor);
  return rows;
}

}  // namespace

TEST_CASE("copies of a tree do not see later writes", "[storage][memory]") {
  SplitMix64 random(GENERATE(1, 2, 3, 4));
  RowTree tree;
  Rows model;
  std::vector<std::pair<RowTree, Rows>> copies;
  for (int i = 0; i < 4000; ++i) {
    const std::string key = std::to_string(random.below(300));
    if (random.below(3) == 0) {
      tree.erase(key);
      model.erase(key);
    } else {
      const std::string value = std::to_string(i);
      tree.put(key, value);
      model[key] = value;
    }
    if (random.below(100) == 0) copies.emplace_back(tree, model);
    if (copies.size() > 5) copies.erase(copies.begin() + static_cast<long>(random.below(5)));
  }
  CHECK(rows_of(tree) == model);
  for (const auto& [copy, rows] : copies) CHECK(rows_of(copy) == rows);
}

TEST_CASE("a copy may be read and dropped while the tree is written", "[storage][memory]") {
  RowTree tree;
  for (int i = 0; i < 500; ++i) tree.put(std::to_string(i), "old");
  const Rows before = rows_of(tree);
  bool unchanged = true;
  std::thread reader([copy = tree, &before, &unchanged]() mutable {
    for (int i = 0; i < 20; ++i) unchanged = unchanged && rows_of(copy) == before;
    copy = RowTree();
  });
  for (int i = 0; i < 5000; ++i) tree.put(std::to_string(i % 700), "new");
  reader.join();
  CHECK(unchanged);
}

}  // namespace restate::storage
