#pragma once

// The disk of a node and all that is kept on it: the log with its thread, the tables, the durable
// rows. A small program works on them, the power goes in any write, sync or new name, and what is
// found afterwards is compared with what had been acknowledged.

#include "conformance/thread_shard.h"
#include "runtime/split_mix.h"
#include "storage/memory/memory_files.h"
#include "support/rocksdb_memory_env.h"

#include <restate/storage/durable_space.h>
#include <restate/storage/rocksdb.h>
#include <restate/storage/segment_log.h>

#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace restate::testing {

/// Something acknowledged is missing, or something is there that nobody wrote.
struct Loss : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class PowerCutNode {
 public:
  explicit PowerCutNode(std::uint64_t seed);
  ~PowerCutNode();

  storage::MemoryFiles& files() { return files_; }

  /// Works until the power goes, which it does soon, and opens everything again; sometimes the
  /// power goes once more while that is under way. Throws `Loss`.
  void live_and_die();

  struct Counts {
    int reopened = 0;
    int cut_while_making = 0;
    int cut_while_opening = 0;
    std::uint64_t acknowledged = 0;  ///< records
    std::uint64_t unacknowledged_kept = 0;
    std::uint64_t unacknowledged_lost = 0;
    std::uint64_t applied_again = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kLogs = 3;
  using Rows = std::map<std::string, std::string>;

  /// One partition: its log, and the table that is made of it.
  struct Partition {
    std::vector<std::string> records;  ///< all that were asked for, trimmed ones included
    std::uint32_t acknowledged = 0;
    std::uint32_t asked_trim = 0;
    std::uint32_t acknowledged_trim = 0;
    std::uint64_t seen_durable = 0;
    std::unique_ptr<storage::PartitionSpace> space;
  };

  // What the program does.
  void step();
  void append(std::size_t which);
  void apply(std::size_t which);
  void flush(std::size_t which);
  void trim(std::size_t which);
  void write_row();
  void expect_refusal();
  void settle();

  // What is there afterwards.
  Result<void> open();
  void close();
  void check();
  void check_log(std::size_t which);
  void check_table(std::size_t which);
  void check_rows();
  std::vector<std::string> read_log(std::size_t which, std::uint32_t from);
  static void change(const std::string& record, storage::Batch& batch, Rows& rows);

  template <class T>
  Result<T> wait(Function<void(Completion<T>)> start);
  void note_failure(const Error& error);

  SplitMix64 random_;
  storage::MemoryFiles files_;
  MemoryEnv env_;
  ThreadShard shard_;
  std::unique_ptr<storage::LogStore> log_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::DurableSpace> rows_;
  std::array<Partition, kLogs> partitions_;
  std::uint64_t written_row_ = 0;
  std::uint64_t acknowledged_row_ = 0;
  int in_flight_ = 0;
  Counts counts_;
};

}  // namespace restate::testing
