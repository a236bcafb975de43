// What the disk below allows: appends that are synced one by one, and batches written to RocksDB
// under three promises. No code of the library runs here. One JSON object per line.

#include <fcntl.h>
#include <unistd.h>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string directory;
  double seconds = 2;
};

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "bench-limits: {}\n", what);
  std::exit(1);
}

struct Figures {
  std::size_t operations = 0;
  double seconds = 0;
  double cpu = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// Calls `operation` for the given time.
Figures repeat(double seconds, const std::function<void()>& operation) {
  std::vector<double> latencies;
  const auto start = Clock::now();
  const double cpu = cpu_seconds();
  do {
    const auto before = Clock::now();
    operation();
    latencies.push_back(since(before) * 1e6);
  } while (since(start) < seconds);
  Figures figures{latencies.size(), since(start), cpu_seconds() - cpu, 0, 0};
  std::sort(latencies.begin(), latencies.end());
  figures.p50_us = latencies[latencies.size() / 2];
  figures.p99_us = latencies[latencies.size() * 99 / 100];
  return figures;
}

void measure_sync(const Options& options, std::size_t bytes, bool preallocated) {
  constexpr off_t kFileBytes = off_t{256} << 20;
  const std::string path = options.directory + "/append";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot create " + path);
  if (preallocated && ::posix_fallocate(file, 0, kFileBytes) != 0) fail("cannot allocate " + path);
  const std::string block(bytes, 'x');
  off_t position = 0;
  const Figures figures = repeat(options.seconds, [&] {
    if (::pwrite(file, block.data(), block.size(), position) != static_cast<ssize_t>(bytes) ||
        ::fdatasync(file) != 0) {
      fail("cannot write " + path);
    }
    position += static_cast<off_t>(bytes);
    if (preallocated && position + static_cast<off_t>(bytes) > kFileBytes) position = 0;
  });
  ::close(file);
  ::unlink(path.c_str());
  fmt::print(
      "{{\"limit\":\"append and fdatasync\",\"bytes\":{},\"file\":\"{}\",\"per_s\":{:.0f},"
      "\"p50_us\":{:.0f},\"p99_us\":{:.0f}}}\n",
      bytes, preallocated ? "preallocated" : "growing",
      static_cast<double>(figures.operations) / figures.seconds, figures.p50_us, figures.p99_us);
}

enum class Promise { kSynced, kLogged, kNone };

const char* name(Promise promise) {
  switch (promise) {
    case Promise::kSynced: return "WAL, synced";
    case Promise::kLogged: return "WAL, not synced";
    case Promise::kNone: return "no WAL";
  }
  return "";
}

void measure_rocksdb(const Options& options, Promise promise, std::size_t puts) {
  const std::string path = options.directory + "/rocksdb";
  rocksdb::Options settings;
  settings.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (const auto status = rocksdb::DB::Open(settings, path, &opened); !status.ok()) {
    fail(status.ToString());
  }
  std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions write;
  write.sync = promise == Promise::kSynced;
  write.disableWAL = promise == Promise::kNone;
  const std::string value(200, 'v');
  std::uint64_t next = 0;
  const Figures figures = repeat(options.seconds, [&] {
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < puts; ++i) batch.Put(fmt::format("{:024}", next++), value);
    if (const auto status = db->Write(write, &batch); !status.ok()) fail(status.ToString());
  });
  db.reset();
  std::filesystem::remove_all(path);
  const auto total = static_cast<double>(figures.operations * puts);
  fmt::print(
      "{{\"limit\":\"RocksDB\",\"promise\":\"{}\",\"puts\":{},\"puts_per_s\":{:.0f},\"p50_us\":{:.0f},"
      "\"p99_us\":{:.0f},\"cpu_us_per_put\":{:.2f}}}\n",
      name(promise), puts, total / figures.seconds, figures.p50_us, figures.p99_us,
      figures.cpu / total * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What the disk below a directory allows.");
  app.add_option("directory", options.directory, "an existing folder on the disk in question")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--seconds", options.seconds, "per figure");
  CLI11_PARSE(app, argc, argv);
  for (const std::size_t bytes : {std::size_t{512}, std::size_t{4096}, std::size_t{65536}}) {
    measure_sync(options, bytes, false);
    measure_sync(options, bytes, true);
  }
  for (const Promise promise : {Promise::kSynced, Promise::kLogged, Promise::kNone}) {
    for (const std::size_t puts : {std::size_t{1}, std::size_t{10}, std::size_t{100}}) {
      measure_rocksdb(options, promise, puts);
    }
  }
  return 0;
}
