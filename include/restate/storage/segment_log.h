#pragma once

/// \file
/// Logs on disk. All loglets of a node share one sequence of preallocated segment files; one thread
/// writes what all shards hand in, one write and one sync per batch (docs/formats/log.md).

#include <restate/error.h>
#include <restate/function.h>
#include <restate/storage/log_store.h>

#include <cstdint>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate::storage {

class FileLayer;

/// What a log may take, and whom it tells.
struct SegmentLogOptions {
  /// Space is taken and given back in files of this size.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  /// Emptied segments kept for later: writing over old blocks is quicker than taking new ones.
  std::uint32_t spare_segments = 1;
  /// Bytes that may wait for the writer before appends answer `kOverloaded`.
  std::uint64_t queue_bytes = std::uint64_t{256} << 20;
  /// One write and sync; more would only delay the first append of it.
  std::uint64_t write_bytes = std::uint64_t{4} << 20;
  /// Acknowledges what only the operating system has seen: a killed process loses nothing, a power
  /// failure loses acknowledged records, and the log may then be refused as damaged. For data that can
  /// be thrown away.
  bool lose_records_on_power_failure = false;
  /// Called once, on the writer thread, when the disk refused and the store entered its failed
  /// state.
  Function<void(const Error&)> on_failure;
  /// Called by `open_segment_log` once no other instance can have the directory, before anything in it
  /// is read: whatever else belongs to it may be opened from then on.
  Function<void()> on_locked = {};
  /// Null: the real disk. Outlives the store.
  FileLayer* files = nullptr;
  /// What the checksums of a new log begin with (docs/formats/log.md); nobody who sends records may know it.
  /// 0: random bits of the system. Anything else is for tests that want the same bytes again.
  std::uint64_t key = 0;
};

/// Opens the log in `directory`, creating it when it is new, and reads all segments once. Blocks.
/// Destroying the store writes and acknowledges what waits, then ends its thread.
/// - `kAlreadyExists`: another engine has it open.
/// - `kFailedPrecondition`: the directory holds something else.
/// - `kUnsupported`: a newer version wrote it; nothing was touched.
/// - `kCorrupt`: a record in the middle is damaged; the message names file, loglet and offset.
Result<std::unique_ptr<LogStore>> open_segment_log(const std::string& directory,
                                                   SegmentLogOptions options = {});

}  // namespace restate::storage

#pragma GCC visibility pop
