// What an append costs: through the whole log store with its thread and a shard, through the
// segment format alone, and through RocksDB with a synced write-ahead log, in one run on one disk.
// Syncs are counted: those of the segment files, and those RocksDB says it did for its log.
//
//     bench-log DIRECTORY [appends]
//
// One JSON object per line. The directory is emptied.

#include "storage/file_layer.h"
#include "storage/segment_log/segment_log.h"

#include <restate/storage/segment_log.h>
#include <restate/uv/runtime.h>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/statistics.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <vector>

namespace {

using namespace restate;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecordBytes = 500;

double micros_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Measures from its construction to `print`.
class Measure {
 public:
  explicit Measure(std::string name) : name_(std::move(name)) {}

  void add(double micros) { latencies_.push_back(micros); }
  void print(std::size_t records, std::uint64_t syncs = 0) {
    const double seconds = micros_since(start_) / 1e6;
    const double cpu = cpu_seconds() - cpu_start_;
    std::sort(latencies_.begin(), latencies_.end());
    auto percentile = [this](double p) {
      if (latencies_.empty()) return 0.0;
      return latencies_[static_cast<std::size_t>(p * static_cast<double>(latencies_.size() - 1))];
    };
    fmt::print(
        "{{\"bench\":\"{}\",\"records\":{},\"records_per_s\":{:.0f},\"p50_us\":{:.0f},"
        "\"p99_us\":{:.0f},\"cpu_us_per_record\":{:.1f},\"syncs_per_record\":{:.3f}}}\n",
        name_, records, static_cast<double>(records) / seconds, percentile(0.5), percentile(0.99),
        cpu * 1e6 / static_cast<double>(records),
        static_cast<double>(syncs) / static_cast<double>(records));
    std::fflush(stdout);
  }

 private:
  std::string name_;
  std::vector<double> latencies_;
  Clock::time_point start_ = Clock::now();
  double cpu_start_ = cpu_seconds();
};

[[noreturn]] void give_up(const Error& error) { std::exit(report(error)); }

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}
void must(Result<void> result) {
  if (!result) give_up(result.error());
}

std::string fresh(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  std::filesystem::remove_all(path);
  return path;
}

const Bytes kRecord{std::string(kRecordBytes, 'r')};

/// The real disk, counting.
class CountingFiles final : public storage::FileLayer {
 public:
  std::uint64_t syncs() const { return syncs_.load(); }

  Result<std::unique_ptr<storage::File>> create(const std::string& path) override {
    return count(disk_.create(path));
  }
  Result<std::unique_ptr<storage::File>> open(const std::string& path) override {
    return count(disk_.open(path));
  }
  Result<void> create_directories(const std::string& path) override {
    return disk_.create_directories(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return disk_.list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Result<void> unlink(const std::string& path) override { return disk_.unlink(path); }
  Result<void> sync_directory(const std::string& path) override {
    ++syncs_;
    return disk_.sync_directory(path);
  }
  Result<std::unique_ptr<storage::FileLock>> lock(const std::string& path) override {
    return disk_.lock(path);
  }

 private:
  class CountingFile final : public storage::File {
   public:
    CountingFile(std::unique_ptr<storage::File> file, std::atomic<std::uint64_t>& syncs)
        : file_(std::move(file)), syncs_(syncs) {}
    Result<void> write(std::uint64_t at, std::span<const std::string_view> pieces) override {
      return file_->write(at, pieces);
    }
    Result<std::size_t> read(std::uint64_t at, char* into, std::size_t size) const override {
      return file_->read(at, into, size);
    }
    Result<void> sync() override {
      ++syncs_;
      return file_->sync();
    }
    Result<void> allocate(std::uint64_t size) override { return file_->allocate(size); }
    Result<std::uint64_t> size() const override { return file_->size(); }

   private:
    std::unique_ptr<storage::File> file_;
    std::atomic<std::uint64_t>& syncs_;
  };

  Result<std::unique_ptr<storage::File>> count(Result<std::unique_ptr<storage::File>> file) {
    if (!file) return file;
    return std::unique_ptr<storage::File>(std::make_unique<CountingFile>(*std::move(file), syncs_));
  }

  storage::FileLayer& disk_ = storage::posix_files();
  std::atomic<std::uint64_t> syncs_{0};
};

/// `lanes` appenders, each waiting for its answer before it appends again.
class Appenders {
 public:
  Appenders(storage::LogStore& log, Shard& shard, std::uint32_t loglets, std::size_t lanes,
            std::size_t total, Measure& measure)
      : log_(log), shard_(shard), measure_(measure), left_(total), next_(loglets, 1) {
    lanes_ = lanes;
  }

  void run(uv::Runtime& runtime) {
    auto finished = finished_.get_future();
    runtime.run_on(0, [this] {
      for (std::size_t lane = 0; lane < lanes_; ++lane) append(lane);
    });
    finished.get();
  }

 private:
  void append(std::size_t lane) {
    if (left_ == 0) {
      if (in_flight_ == 0) finished_.set_value();
      return;
    }
    --left_;
    ++in_flight_;
    const std::size_t which = lane % next_.size();
    const auto start = Clock::now();
    log_.append({storage::LogletKey{which + 1}, next_[which]++, {kRecord}},
                Completion<void>(shard_, [this, lane, start](Result<void> result) {
                  must(std::move(result));
                  measure_.add(micros_since(start));
                  --in_flight_;
                  append(lane);
                }));
  }

  storage::LogStore& log_;
  Shard& shard_;
  Measure& measure_;
  std::size_t lanes_;
  std::size_t left_;
  std::size_t in_flight_ = 0;
  std::vector<std::uint32_t> next_;
  std::promise<void> finished_;
};

void bench_store(const std::string& directory, std::uint32_t loglets, std::size_t lanes,
                 std::size_t total) {
  const std::string path = fresh(directory, "store");
  uv::Runtime runtime({.shards = 1});
  CountingFiles files;
  auto log = must(storage::open_segment_log(path, {.files = &files}));
  const std::uint64_t before = files.syncs();
  Measure measure(fmt::format("store, {} logs, {} in flight", loglets, lanes));
  Appenders(*log, runtime.shard(0), loglets, lanes, total, measure).run(runtime);
  measure.print(total, files.syncs() - before);
  log.reset();
  runtime.stop();
}

/// One thread, no hops: what the format and the disk cost.
void bench_format(const std::string& directory, std::size_t batch, std::size_t total,
                  bool recycled) {
  const std::string path = fresh(directory, "format");
  auto log = must(storage::SegmentLog::open(storage::posix_files(), path,
                                            {.segment_bytes = std::uint64_t{8} << 20}));
  std::uint32_t next = 1;
  auto append = [&] {
    must(log->append({storage::LogletKey{1}, next, std::vector<Bytes>(batch, kRecord)}));
    next += static_cast<std::uint32_t>(batch);
    must(log->commit());
  };
  if (recycled) {  // until every segment in use has been written before
    while (log->segments() < 2) append();
    must(log->trim(storage::LogletKey{1}, next - 1));
    must(log->commit());
    must(log->tidy());
    while (log->segments() < 2) append();
  }
  const std::uint64_t before = log->syncs();
  Measure measure(
      fmt::format("segment files, batches of {}, {}", batch, recycled ? "written over" : "new"));
  for (std::size_t i = 0; i < total / batch; ++i) {
    const auto start = Clock::now();
    append();
    measure.add(micros_since(start));
  }
  measure.print(total, log->syncs() - before);
}

void bench_read(const std::string& directory, std::size_t total) {
  const std::string path = fresh(directory, "read");
  {
    auto log = must(storage::SegmentLog::open(storage::posix_files(), path, {}));
    for (std::uint32_t next = 1; next < total; next += 100) {
      for (std::uint64_t loglet = 1; loglet <= 4; ++loglet) {
        must(log->append({storage::LogletKey{loglet}, next, std::vector<Bytes>(100, kRecord)}));
      }
      must(log->commit());
    }
  }
  Measure opening("opening, all segments scanned");
  auto log = must(storage::SegmentLog::open(storage::posix_files(), path, {}));
  opening.print(total * 4);
  Measure reading("reading back, bites of 64 KiB");
  std::uint32_t next = 1;
  while (true) {
    const auto bite = must(log->read(storage::LogletKey{1}, next, 64 * 1024));
    if (bite.records.empty()) break;
    next += static_cast<std::uint32_t>(bite.records.size());
  }
  reading.print(next - 1);
}

/// A column family with a synced log, the way the reference keeps its records.
void bench_rocksdb(const std::string& directory, std::size_t batch, std::size_t total,
                   bool manual_flush) {
  const std::string path = fresh(directory, "rocksdb");
  rocksdb::Options options;
  options.create_if_missing = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.manual_wal_flush = manual_flush;
  options.statistics = rocksdb::CreateDBStatistics();
  rocksdb::DB* opened = nullptr;
  auto check = [](const rocksdb::Status& status) {
    if (!status.ok()) give_up({Code::kFailed, status.ToString()});
  };
  check(rocksdb::DB::Open(options, path, &opened));
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions write;
  write.sync = !manual_flush;
  std::uint64_t key = 0;
  const std::uint64_t before = options.statistics->getTickerCount(rocksdb::WAL_FILE_SYNCED);
  Measure measure(fmt::format("rocksdb, batches of {}, {}", batch,
                              manual_flush ? "FlushWAL" : "synced writes"));
  for (std::size_t i = 0; i < total / batch; ++i) {
    const auto start = Clock::now();
    rocksdb::WriteBatch all;
    for (std::size_t j = 0; j < batch; ++j) {
      check(
          all.Put(fmt::format("d{:016x}", ++key), rocksdb::Slice(kRecord.data(), kRecord.size())));
    }
    check(db->Write(write, &all));
    if (manual_flush) check(db->FlushWAL(true));
    measure.add(micros_since(start));
  }
  measure.print(total, options.statistics->getTickerCount(rocksdb::WAL_FILE_SYNCED) - before);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench-log DIRECTORY [appends]\n");
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/bench-log";
  const std::size_t total = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 5000;
  std::filesystem::create_directories(directory);
  for (const std::size_t batch : {1, 64, 256}) {
    const std::size_t records = batch == 1 ? total : total * 16;
    bench_format(directory, batch, records, false);
    bench_format(directory, batch, records, true);
    bench_rocksdb(directory, batch, records, false);
    bench_rocksdb(directory, batch, records, true);
  }
  for (const std::uint32_t logs : {1, 24}) {
    for (const std::size_t lanes : {1, 64, 256}) {
      bench_store(directory, logs, lanes, lanes == 1 ? total : total * 16);
    }
  }
  bench_read(directory, total * 4);
  std::filesystem::remove_all(directory);
  return 0;
}
