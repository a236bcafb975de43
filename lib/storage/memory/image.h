#pragma once

/// \file
/// What lies on a memory disk: the bytes a real node would find again after a start.

#include "common/visibility.h"
#include "storage/memory/row_tree.h"

#include <restate/runtime.h>
#include <restate/storage/memory.h>

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace restate::storage {

/// The rows of one partition. Only the shard that opened it touches it while it is open.
struct SpaceImage {
  /// The state after one commit. Copies of a tree are cheap, so each commit is a crash point.
  struct Version {
    Position position;
    RowTree rows;
    std::size_t bytes = 0;  ///< of this commit
  };

  RowTree rows;
  Position committed;
  Version durable;
  std::deque<Version> unflushed;  ///< oldest first; used when crashes are simulated
  bool open = false;

  void commit(const Batch& batch, Position position, bool crashes);
  void flushed(Position upto);
  void crash(Random& random);
};

/// A change of the log that was handed to the disk.
struct LogChange {
  enum class Kind : std::uint8_t { kAppend, kSeal, kTrim, kRemove };
  Kind kind = Kind::kAppend;
  LogletKey loglet;
  std::uint32_t upto = 0;      ///< of a trim
  std::vector<Bytes> records;  ///< of an append
};

struct LogletImage {
  LogletState accepted;  ///< with what is being written
  LogletState durable;
  std::deque<Bytes> records;  ///< from durable.trim_point + 1 on
  std::set<std::uint32_t> corrupt;
};

struct LogImage {
  std::map<LogletKey, LogletImage> loglets;
  std::deque<LogChange> unsynced;  ///< in the order of writing

  /// Makes the oldest unsynced change durable.
  void synced();
  void crash(Random& random);
};

struct RESTATE_HIDDEN MemoryDisk::Image {
  std::mutex mutex;
  MemoryDiskOptions options;
  std::optional<StoreOwner> owner;
  std::map<std::uint16_t, std::shared_ptr<SpaceImage>> spaces;
  std::map<std::string, RowTree> durable_spaces;
  LogImage log;
  bool full = false;
  std::uint32_t failing_sync = 0;  ///< counts down to the sync that fails; 0: none does
  std::uint64_t syncs = 0;

  /// Under the mutex. `what` names the attempt in the error.
  Result<void> sync(std::string_view what);
  Duration sync_time(Random& random) const;
};

}  // namespace restate::storage
