#pragma once

/// \file
/// Storage without a disk. It serves engines without a data directory, tests, and the simulator,
/// where the power may fail: a crash then takes what no sync has confirmed, as a real one does.

#include <restate/storage/log_store.h>
#include <restate/storage/store.h>
#include <restate/time.h>

#include <cstdint>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate::storage {

class MemoryLogWriter;
struct MemoryStoreState;

/// How a disk of memory behaves.
struct MemoryDiskOptions {
  /// Remember what is not durable yet, so that `crash` can take it. Without it every commit counts
  /// as durable at once: nothing can outlive the process anyway.
  bool crashes = false;
  /// How long a sync takes, drawn from the random numbers of the shard that waits. 0: one turn.
  Duration sync_min{0};
  Duration sync_max{0};  ///< not below `sync_min`
};

/// The content of one node's disk. It outlives the stores opened on it, so that a node can be
/// destroyed and opened again. May be used from all shards of the node.
class MemoryDisk final {
 public:
  /// Empty.
  explicit MemoryDisk(MemoryDiskOptions options = {});
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  /// The power fails, after the stores on this disk were destroyed. Each partition falls back to
  /// some commit at or after its last flush; of what the log was writing a prefix stays, possibly
  /// torn in the middle of an append. Acknowledged appends stay. Ends injected faults.
  void crash(std::uint64_t seed);

  /// Flips a bit of a stored record: reading it answers `kCorrupt`. False if there is none.
  bool corrupt(LogletKey loglet, std::uint32_t offset);
  /// The `nth` sync from now on fails, 1 being the next: of the log, a flush, or a durable space,
  /// whichever comes.
  void fail_sync(std::uint32_t nth = 1);
  /// While full, every sync fails.
  void set_full(bool full);
  /// As the options say, from the next sync on.
  void set_sync_time(Duration min, Duration max);

  std::uint64_t syncs() const;  ///< how many succeeded

  struct Image;
  /// What the stores on this disk share; for them only.
  const std::shared_ptr<Image>& image() const { return image_; }

 private:
  std::shared_ptr<Image> image_;
};

/// Tables on a memory disk. Faults by name in the simulator: `storage/commit/overloaded`,
/// `storage/flush/early`.
class MemoryStore final : public Store {
 public:
  /// `disk` outlives the store.
  explicit MemoryStore(MemoryDisk& disk);
  ~MemoryStore() override;

  Result<void> claim(const StoreOwner& owner) override;
  Result<std::unique_ptr<PartitionSpace>> open(PartitionId partition, Shard& shard) override;
  Result<void> commit(std::span<const Commit> commits) override;
  Result<void> drop(PartitionId partition) override;
  Result<void> close() override;

 private:
  std::shared_ptr<MemoryStoreState> state_;
};

/// Logs on a memory disk. Its one "writer" takes what was handed in while the previous sync ran.
class MemoryLogStore final : public LogStore {
 public:
  /// `disk` outlives the store.
  explicit MemoryLogStore(MemoryDisk& disk);
  ~MemoryLogStore() override;

  void append(LogAppend append, Completion<void> done) override;
  void seal(LogletKey loglet, Completion<LogletState> done) override;
  void trim(LogletKey loglet, std::uint32_t upto, Completion<LogletState> done) override;
  void state(LogletKey loglet, Completion<LogletState> done) override;
  void read(LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
            Completion<LogRead> done) override;
  void remove(LogletKey loglet, Completion<void> done) override;

 private:
  std::shared_ptr<MemoryLogWriter> writer_;
};

/// Durable rows on a memory disk, under a name. Open each name once at a time.
std::unique_ptr<DurableSpace> open_memory_durable_space(MemoryDisk& disk, std::string name);

}  // namespace restate::storage

#pragma GCC visibility pop
