#include "runtime/split_mix.h"
#include "storage/memory/memory_files.h"
#include "support/catch.h"

#include <restate/storage/durable_space.h>

#include <map>
#include <string>
#include <vector>

namespace restate::storage {
namespace {

using Rows = std::map<std::string, std::string>;

Rows rows_of(const View& view) {
  Rows rows;
  RowCallback visitor([&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  REQUIRE(view.scan({}, {}, visitor));
  return rows;
}

std::unique_ptr<DurableSpace> open_space(MemoryFiles& files) {
  auto space = open_durable_space("/meta", &files);
  if (!space) FAIL(space.error().describe());
  return std::move(*space);
}

Result<void> put(DurableSpace& space, std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(key, value);
  return space.write(batch);
}

/// The only journal in the directory.
std::string journal(MemoryFiles& files) {
  const auto names = *files.list("/meta");
  for (const std::string& name : names) {
    if (name.ends_with(".rows")) return "/meta/" + name;
  }
  FAIL("there is no journal");
  return {};
}

}  // namespace

TEST_CASE("a written row survives any power failure", "[storage][durable]") {
  SplitMix64 random(1);
  MemoryFiles files;
  Rows model;
  for (int life = 0; life < 400; ++life) {
    CAPTURE(life);
    auto space = open_space(files);
    REQUIRE(rows_of(*space) == model);
    if (random.below(2) == 0) {
      files.fail_sync(static_cast<std::uint32_t>(1 + random.below(6)));
    }
    if (random.below(4) == 0) {
      files.fail_write(static_cast<std::uint32_t>(1 + random.below(6)));
    }
    Rows unknown = model;
    for (int i = 0; i < 8; ++i) {
      Batch batch;
      unknown = model;
      for (std::uint64_t n = random.below(4); n > 0; --n) {
        const std::string key = std::to_string(random.below(20));
        const std::string value(random.below(3) == 0 ? random.below(9000) : random.below(20), 'v');
        if (random.below(3) == 0) {
          batch.erase(key);
          unknown.erase(key);
        } else {
          batch.put(key, value);
          unknown[key] = value;
        }
      }
      if (!space->write(batch)) break;
      model = unknown;
      REQUIRE(rows_of(*space) == model);
    }
    space.reset();
    files.crash(random.next());
    // What failed may have happened or not, but nothing in between.
    const Rows found = rows_of(*open_space(files));
    REQUIRE((found == model || found == unknown));
    model = found;
  }
}

TEST_CASE("a journal is rewritten before it grows beyond reason", "[storage][durable]") {
  MemoryFiles files;
  auto space = open_space(files);
  for (int i = 0; i < 2000; ++i) REQUIRE(put(*space, "key", std::string(1000, 'x')));
  CHECK(read_file(files, journal(files))->size() < 100'000);
  space.reset();
  CHECK(rows_of(*open_space(files)) == Rows{{"key", std::string(1000, 'x')}});
}

TEST_CASE("a damaged write is noticed, unless it is the last", "[storage][durable]") {
  for (std::uint64_t at = 0; at < 24 * 4; ++at) {
    CAPTURE(at);
    MemoryFiles files;
    {
      auto space = open_space(files);
      for (const char* key : {"a", "b", "c", "d"}) REQUIRE(put(*space, key, ""));
    }
    const std::string path = journal(files);
    const std::uint64_t size = read_file(files, path)->size();
    if (at >= size) break;
    REQUIRE(files.flip_bit(path, at));
    auto space = open_durable_space("/meta", &files);
    if (space) {
      const std::size_t found = rows_of(**space).size();
      CHECK((found == 4 || (found == 3 && at >= size - 32)));
    } else {
      CHECK(space.error().code == Code::kCorrupt);
      CHECK(at < size - 32);
    }
  }
}

TEST_CASE("after a failed write nothing is written any more", "[storage][durable]") {
  MemoryFiles files;
  auto space = open_space(files);
  REQUIRE(put(*space, "a", "1"));
  files.fail_sync(1);
  CHECK(put(*space, "b", "2") == Code::kFailed);
  CHECK(put(*space, "b", "2") == Code::kFailed);
  CHECK(rows_of(*space) == Rows{{"a", "1"}});
}

TEST_CASE("a refused write is told once", "[storage][durable]") {
  for (const bool rewrites : {false, true}) {
    CAPTURE(rewrites);
    MemoryFiles files;
    std::vector<Error> told;
    auto opened =
        open_durable_space("/meta", &files, [&](const Error& error) { told.push_back(error); });
    REQUIRE(opened);
    REQUIRE(put(**opened, "a", "1"));
    CHECK(told.empty());
    // What is appended is synced first; then, as the journal is large, the one that replaces it.
    files.fail_sync(rewrites ? 2 : 1);
    const auto refused = put(**opened, "b", std::string(rewrites ? 100'000 : 1, 'x'));
    REQUIRE(refused == Code::kFailed);
    REQUIRE(told.size() == 1);
    CHECK(told[0].describe() == refused.error().describe());
    CHECK(put(**opened, "b", "2") == Code::kFailed);
    CHECK(told.size() == 1);
  }
}

TEST_CASE("durable rows are opened by one engine at a time", "[storage][durable]") {
  MemoryFiles files;
  auto space = open_space(files);
  CHECK(open_durable_space("/meta", &files) == Code::kAlreadyExists);
  space.reset();
  CHECK(open_durable_space("/meta", &files));
}

}  // namespace restate::storage
