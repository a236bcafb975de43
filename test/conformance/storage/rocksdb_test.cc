#include "conformance/store_suite.h"
#include "conformance/thread_shard.h"
#include "support/rocksdb_memory_env.h"

#include <restate/storage/rocksdb.h>

#include <rocksdb/db.h>
#include <rocksdb/merge_operator.h>

#include <unistd.h>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace restate::testing {
namespace {

class RocksdbStage final : public StoreStage {
 public:
  RocksdbStage(std::uint64_t seed, std::string directory)
      : directory_(std::move(directory)), shard_(seed) {
    open();
  }
  ~RocksdbStage() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  Shard& shard() override { return shard_; }
  void run_until(Function<bool()> condition) override {
    shard_.run_until([&condition] { return condition(); });
  }
  storage::Store& store() override { return *store_; }
  void reopen() override {
    REQUIRE(store_->close());
    store_.reset();
    open();
  }
  /// The process dies: what was not flushed is gone.
  void crash(std::uint64_t) override {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto store = storage::open_rocksdb_store(directory_, {.memory = 8 << 20});
    if (!store) FAIL(store.error().describe());
    store_ = std::move(*store);
  }

  const std::string directory_;
  ThreadShard shard_;
  std::unique_ptr<storage::Store> store_;
};

/// The same on a disk that forgets what was not synced, with so little memory that the store
/// flushes and compacts by itself.
class ForgetfulStage final : public StoreStage {
 public:
  explicit ForgetfulStage(std::uint64_t seed) : env_(files_), shard_(seed), random_(seed) {
    files_.journal_names("/store");
    open();
  }

  Shard& shard() override { return shard_; }
  void run_until(Function<bool()> condition) override {
    shard_.run_until([&condition] { return condition(); });
  }
  storage::Store& store() override { return *store_; }
  int opened() const { return opened_; }
  void reopen() override {
    REQUIRE(store_->close());
    store_.reset();
    open();
  }
  void crash(std::uint64_t seed) override {
    // The power fails in the middle of flushing, or with everything still in memory.
    switch (random_.below(3)) {
      case 0:
        files_.fail_sync(static_cast<std::uint32_t>(1 + random_.below(12)));
        static_cast<void>(store_->close());
        break;
      case 1:
        files_.fail_write(static_cast<std::uint32_t>(1 + random_.below(12)));
        static_cast<void>(store_->close());
        break;
    }
    store_.reset();
    files_.crash(seed);
    open();
  }

 private:
  void open() {
    auto store = storage::open_rocksdb_store("/store", {.memory = 512 * 1024, .env = &env_});
    if (!store) FAIL(store.error().describe());
    store_ = std::move(*store);
    ++opened_;
  }

  storage::MemoryFiles files_;
  MemoryEnv env_;
  ThreadShard shard_;
  SplitMix64 random_;
  std::unique_ptr<storage::Store> store_;
  int opened_ = 0;
};

TEST_CASE("the store conforms on a disk that forgets", "[storage][rocksdb]") {
  store_suite([](std::uint64_t seed) { return std::make_unique<ForgetfulStage>(seed); }, 1, 4, 200);
}

TEST_CASE("a store on disk knows whose tables it holds", "[storage][rocksdb]") {
  ForgetfulStage stage(1);
  owner_suite(stage);
}

TEST_CASE("a store whose making was cut short is made once more", "[storage][rocksdb]") {
  int cuts = 0;
  for (std::uint32_t nth = 1;; ++nth) {
    CAPTURE(nth);
    storage::MemoryFiles files;
    files.journal_names("/store");
    MemoryEnv env(files);
    const auto open = [&]() -> Result<void> {
      RESTATE_TRY(const auto store,
                  storage::open_rocksdb_store(
                      "/store", {.memory = 512 * 1024, .partitions = 4, .env = &env}));
      return store->claim({"somebody", 1, NodeId{1}});
    };
    files.cut_power(nth);
    if (open() && !files.dark()) break;
    ++cuts;
    files.crash(nth);
    if (auto again = open(); !again) FAIL(again.error().describe());
  }
  CHECK(cuts > 20);
}

TEST_CASE("making a store takes few syncs", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  auto store =
      storage::open_rocksdb_store("/store", {.memory = 512 * 1024, .partitions = 4, .env = &env});
  REQUIRE(store);
  REQUIRE((*store)->claim({"somebody", 1, NodeId{1}}));
  // What tells of all else, twice; the name of that, the identity, and the stamp. Directories are not
  // counted.
  CHECK(files.syncs() <= 5);
}

TEST_CASE("a database of somebody else is not taken for one that was cut short",
          "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  const bool flushed = GENERATE(true, false);
  {
    rocksdb::Options options;
    options.env = &env;
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    REQUIRE(rocksdb::DB::Open(options, "/store", &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::WriteOptions write;
    write.sync = true;
    REQUIRE(db->Put(write, "key", "value").ok());
    if (flushed) REQUIRE(db->Flush({}).ok());
  }
  const auto before = files.list("/store");
  CHECK(storage::open_rocksdb_store("/store", {.env = &env}) == Code::kFailedPrecondition);
  CHECK(*files.list("/store") == *before);
}

TEST_CASE("two hundred power failures leave prefixes of commits", "[storage][rocksdb]") {
  int opened = 0;
  for (std::uint64_t seed = 1; opened < 200; ++seed) {
    CAPTURE(seed);
    ForgetfulStage stage(seed);
    StoreModel(stage, seed, 250).run(200);
    opened += stage.opened();
  }
}

TEST_CASE("a store whose disk refused once commits nothing any more", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  std::atomic<int> told = 0;
  auto open = [&] {
    auto store = storage::open_rocksdb_store(
        "/store", {.on_failure = [&](const Error&) { ++told; }, .env = &env});
    REQUIRE(store);
    return std::move(*store);
  };
  auto store = open();
  auto space = *store->open(PartitionId{0}, shard);
  auto commit = [&](std::uint64_t position) {
    storage::Batch batch;
    batch.put("st0000000k", std::to_string(position));
    const storage::Commit share{space.get(), &batch, {position}};
    return store->commit({&share, 1});
  };
  auto flush = [&] {
    std::optional<Result<void>> answer;
    space->flush(Completion<void>(shard, [&](Result<void> r) { answer.emplace(std::move(r)); }));
    shard.run_until([&] { return answer.has_value(); });
    return *answer;
  };
  REQUIRE(commit(1));
  REQUIRE(flush());
  REQUIRE(commit(2));
  SECTION("a full disk") { files.set_capacity(0); }
  SECTION("a failed sync") { files.fail_sync(1); }
  CHECK(flush() == Code::kFailed);
  CHECK(told == 1);
  files.set_capacity(UINT64_MAX);
  CHECK(commit(3) == Code::kFailed);
  CHECK(flush() == Code::kFailed);
  CHECK(told == 1);
  CHECK(space->durable() == storage::Position{1});
  space.reset();
  store.reset();
  files.crash(3);
  store = open();
  space = *store->open(PartitionId{0}, shard);
  CHECK(space->durable().value >= 1);
  CHECK(space->durable().value <= 2);
  CHECK((*space->get("st0000000k"))->str() == std::to_string(space->durable().value));
}

/// The table files of a store, with their sizes.
std::vector<std::pair<std::string, std::uint64_t>> table_files(storage::MemoryFiles& files) {
  std::vector<std::pair<std::string, std::uint64_t>> found;
  const std::vector<std::string> names = *files.list("/store");
  for (const std::string& name : names) {
    const std::string path = "/store/" + name;
    if (name.ends_with(".sst")) found.emplace_back(path, *(*files.open(path))->size());
  }
  return found;
}

TEST_CASE("a scan over a damaged file fails, and is never just shorter", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  const auto open = [&] {
    return storage::open_rocksdb_store("/store", {.env = &env});
  };
  constexpr std::size_t kRows = 3000;
  SplitMix64 random(7);
  {
    auto store = open();
    REQUIRE(store);
    auto space = *(*store)->open(PartitionId{0}, shard);
    storage::Batch batch;
    for (std::size_t i = 0; i < kRows; ++i) {
      std::string value(100, ' ');
      for (char& c : value) c = static_cast<char>(random.next());
      batch.put("st0000000k" + std::to_string(10'000 + i), value);
    }
    const storage::Commit share{space.get(), &batch, {1}};
    REQUIRE((*store)->commit({&share, 1}));
    space.reset();
    REQUIRE((*store)->close());
  }
  int failed = 0;
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    const auto tables = table_files(files);
    REQUIRE(!tables.empty());
    const auto& [path, size] = tables[random.below(tables.size())];
    const std::uint64_t position = random.below(size);
    REQUIRE(files.flip_bit(path, position));
    if (auto store = open(); !store) {
      ++failed;
    } else if (auto space = (*store)->open(PartitionId{0}, shard); !space) {
      ++failed;
    } else {
      std::size_t forward = 0, backward = 0;
      storage::RowCallback count([&](std::string_view, std::string_view) { return ++forward > 0; });
      storage::RowCallback count_back(
          [&](std::string_view, std::string_view) { return ++backward > 0; });
      const auto scanned = (*space)->scan("st", "su", count);
      const auto back = (*space)->scan_reverse("st", "su", count_back);
      if (scanned) CHECK(forward == kRows);
      if (back) CHECK(backward == kRows);
      if (!scanned && !back) ++failed;
    }
    files.flip_bit(path, position);  // as it was
  }
  CHECK(failed > 30);
}

TEST_CASE("a snapshot outlives its partition and its store", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  auto store = *storage::open_rocksdb_store("/store", {.env = &env});
  auto space = *store->open(PartitionId{0}, shard);
  storage::Batch batch;
  batch.put("st0000000k", "value");
  const storage::Commit share{space.get(), &batch, {1}};
  REQUIRE(store->commit({&share, 1}));
  auto snapshot = space->snapshot();
  space.reset();
  REQUIRE(store->drop(PartitionId{0}));
  CHECK((*snapshot->get("st0000000k"))->str() == "value");
  // The partition is new, whoever still looks at the old one.
  space = *store->open(PartitionId{0}, shard);
  CHECK_FALSE(space->get("st0000000k")->has_value());
  space.reset();
  store.reset();
  CHECK((*snapshot->get("st0000000k"))->str() == "value");
}

TEST_CASE("files that wait to be compacted stop no commit", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  auto store = *storage::open_rocksdb_store("/store", {.env = &env});
  auto space = *store->open(PartitionId{0}, shard);
  // What RocksDB says it runs with.
  std::string text;
  const std::vector<std::string> names = *files.list("/store");
  for (const std::string& name : names) {
    if (!name.starts_with("OPTIONS-")) continue;
    const auto file = *files.open("/store/" + name);
    text.resize(*file->size());
    REQUIRE(file->read(0, text.data(), text.size()));
  }
  const std::size_t family = text.find("[CFOptions \"data-0\"]");
  REQUIRE(family != std::string::npos);
  const auto number = [&](const std::string& option) {
    const std::size_t at = text.find("  " + option + "=", family);
    REQUIRE(at != std::string::npos);
    return std::stoull(text.substr(at + option.size() + 3));
  };
  CHECK(number("level0_slowdown_writes_trigger") >= 1'000'000u);
  CHECK(number("level0_stop_writes_trigger") >= 1'000'000u);
  CHECK(number("soft_pending_compaction_bytes_limit") >= std::uint64_t{256} << 30);
  CHECK(number("hard_pending_compaction_bytes_limit") >= std::uint64_t{1} << 40);
}

TEST_CASE("large values that were replaced leave the disk", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  constexpr std::size_t kMemory = 512 * 1024, kValue = 16 * 1024;
  auto store = *storage::open_rocksdb_store("/store", {.memory = kMemory, .env = &env});
  auto space = *store->open(PartitionId{0}, shard);
  const auto stored = [&] {
    std::uint64_t bytes = 0;
    const std::vector<std::string> names = *files.list("/store");
    for (const std::string& name : names) {
      if (!name.ends_with(".blob")) continue;
      const auto file = files.open("/store/" + name);  // it may be gone by now
      if (file) bytes += *(*file)->size();
    }
    return bytes;
  };
  SplitMix64 random(1);
  std::uint64_t position = 0, written = 0, most = 0;
  // Of sixty rows one is written once, and keeps its file: what lies beside it is garbage soon.
  for (int round = 0; round < 60; ++round) {
    storage::Batch batch;
    for (int row = 0; row < 16; ++row) {
      std::string value(kValue, ' ');
      for (char& byte : value) byte = static_cast<char>(random.next());
      const std::string key =
          "st-" + std::to_string(row) + (row == 0 ? "-" + std::to_string(round) : "");
      batch.put(key, value);
      written += kValue;
    }
    const storage::Commit share{space.get(), &batch, {++position}};
    REQUIRE(store->commit({&share, 1}));
    bool flushed = false;
    space->flush(
        Completion<void>(shard, [&](const Result<void>& done) { flushed = done.has_value(); }));
    shard.run_until([&] { return flushed; });
    most = std::max(most, stored());
  }
  const std::uint64_t alive = (60 + 15) * kValue;
  CHECK(written > 10 * alive);
  CHECK(most < 6 * alive);
}

/// Table files are not written while the gate is shut.
class GatedFiles final : public MemoryFileSystem {
 public:
  using MemoryFileSystem::MemoryFileSystem;

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    if (path.ends_with(".sst") || path.ends_with(".blob")) {
      std::unique_lock lock(mutex_);
      writers_.insert(std::this_thread::get_id());
      opened_.wait(lock, [this] { return !shut_; });
    }
    return MemoryFileSystem::NewWritableFile(path, options, result, debug);
  }
  void shut(bool shut) {
    const std::lock_guard lock(mutex_);
    shut_ = shut;
    opened_.notify_all();
  }
  bool written_by(std::thread::id thread) {
    const std::lock_guard lock(mutex_);
    return writers_.contains(thread);
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool shut_ = false;
  std::set<std::thread::id> writers_;
};

/// Commits values of 64 KiB, one by one.
struct Writer {
  storage::Store& store;
  storage::PartitionSpace& space;
  std::uint64_t position = 0;

  Result<void> write() {
    storage::Batch batch;
    batch.put("st0000000k" + std::to_string(position + 1), std::string(64 << 10, 'v'));
    const storage::Commit share{&space, &batch, {position + 1}};
    auto written = store.commit({&share, 1});
    if (written) ++position;
    return written;
  }
};

TEST_CASE("what the store does to keep to its memory holds up no commit", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  const auto gate = std::make_shared<GatedFiles>(files);
  const auto env = rocksdb::NewCompositeEnv(gate);
  ThreadShard shard;
  auto store = *storage::open_rocksdb_store("/store", {.memory = 4 << 20, .env = env.get()});
  auto large = *store->open(PartitionId{0}, shard), small = *store->open(PartitionId{1}, shard);
  Writer many{*store, *large}, few{*store, *small};

  SECTION("the disk is stuck") {
    gate->shut(true);
    // Every commit comes back at once; in the end, with the advice to wait.
    Result<void> last;
    while (last && many.position < 1000) last = many.write();
    CHECK(last == Code::kOverloaded);
    CHECK(many.position * 64 < 4096);
    CHECK(few.write() == Code::kOverloaded);
    gate->shut(false);
    shard.run_until([&] {
      last = many.write();
      if (last == Code::kOverloaded) shard.post([] {});
      return last != Code::kOverloaded;
    });
    CHECK(last);
    CHECK(few.write());
    CHECK_FALSE(gate->written_by(std::this_thread::get_id()));
  }
  SECTION("the largest goes first") {
    for (int i = 0; i < 5; ++i) REQUIRE(few.write());
    for (int i = 0; i < 22; ++i) REQUIRE(many.write());
    for (int looks = 0; looks < 100'000'000 && large->durable().value == 0; ++looks) {
      std::this_thread::yield();
    }
    CHECK(large->durable().value > 0);
    CHECK(small->durable().value == 0);
  }
  std::size_t rows = 0;
  storage::RowCallback count([&](std::string_view, std::string_view) { return ++rows > 0; });
  REQUIRE(large->scan("st", "su", count));
  CHECK(rows == many.position);
  large.reset();
  small.reset();
  CHECK(store->close());
  store.reset();
}

/// Joins what was merged by commas.
class Joined final : public rocksdb::AssociativeMergeOperator {
 public:
  const char* Name() const override { return "joined"; }
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* before, const rocksdb::Slice& operand,
             std::string* after, rocksdb::Logger*) const override {
    *after = before != nullptr ? before->ToString() + "," : "";
    after->append(operand.data(), operand.size());
    return true;
  }
};

TEST_CASE("rows that another program merges are refused, and never misread",
          "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  const std::string merged = "st0000000k2";
  {
    auto store = *storage::open_rocksdb_store("/store", {.env = &env});
    auto space = *store->open(PartitionId{0}, shard);
    storage::Batch batch;
    for (const char* key : {"st0000000k1", "st0000000k2", "st0000000k3"}) batch.put(key, "old");
    const storage::Commit share{space.get(), &batch, {1}};
    REQUIRE(store->commit({&share, 1}));
    space.reset();
    REQUIRE(store->close());
  }
  {
    // A newer program whose rows grow by operands.
    rocksdb::Options options;
    options.env = &env;
    options.merge_operator = std::make_shared<Joined>();
    options.level_compaction_dynamic_level_bytes = true;
    std::vector<std::string> names;
    REQUIRE(rocksdb::DB::ListColumnFamilies(options, "/store", &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, options);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    REQUIRE(rocksdb::DB::Open(options, "/store", families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == "data-0") {
        // The old rows go down, so that the new ones alone are no reason to compact.
        CHECK(db->CompactRange({}, handle, nullptr, nullptr).ok());
        CHECK(db->Merge({}, handle, merged, "new").ok());
        CHECK(db->Flush({}, handle).ok());
        std::string value;
        CHECK(db->Get({}, handle, merged, &value).ok());
        CHECK(value == "old,new");
      }
      db->DestroyColumnFamilyHandle(handle);
    }
  }
  auto store = storage::open_rocksdb_store("/store", {.env = &env});
  REQUIRE(store);
  auto space = (*store)->open(PartitionId{0}, shard);
  REQUIRE(space);
  CHECK((*(*space)->get("st0000000k1"))->view() == "old");
  CHECK_FALSE((*space)->get(merged));
  storage::RowCallback any([](std::string_view, std::string_view) { return true; });
  CHECK_FALSE((*space)->scan("st", "su", any));
  CHECK_FALSE((*space)->scan_reverse("st", "su", any));
}

TEST_CASE("the store on disk conforms", "[storage][rocksdb]") {
  const auto base =
      std::filesystem::temp_directory_path() / ("restate-store-" + std::to_string(::getpid()));
  int count = 0;
  store_suite(
      [&](std::uint64_t seed) {
        return std::make_unique<RocksdbStage>(seed, base.string() + "-" + std::to_string(++count));
      },
      1, 2, 150);
}

}  // namespace
}  // namespace restate::testing
