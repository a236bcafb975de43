#pragma once

/// \file
/// The log on disk, without threads: one caller stages changes and commits them with one write and
/// one sync; any thread reads. What a crash leaves is found again by `open`.

#include "storage/file_layer.h"
#include "storage/segment_log/frame.h"
#include "storage/segment_log/log_index.h"

#include <restate/function.h>
#include <restate/storage/log_store.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::storage {

struct SegmentLogLimits {
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  std::uint32_t spare_segments = 1;
  std::uint64_t write_bytes = std::uint64_t{4} << 20;  ///< in one part
  bool sync = true;
  FrameKey key = {};  ///< of a log that has none yet
};

/// A file of frames. Readers hold on to it while they read.
struct Segment {
  std::uint32_t number = 0;
  std::string path;
  std::unique_ptr<File> file;
  std::optional<FrameKey> key;  ///< of all frames but the head; nothing: nobody can tell
};

/// Errors of the disk have the code `kFailed`; after one of them the object must not be used again.
class SegmentLog {
 public:
  /// `on_locked` is called once nobody else can have the directory.
  static Result<std::unique_ptr<SegmentLog>> open(FileLayer& files, std::string directory,
                                                  SegmentLogLimits limits,
                                                  Function<void()> on_locked = {});

  // One thread at a time. A change is refused at once or staged; `commit` makes all staged changes
  // durable. Large batches are written in parts.
  Result<void> append(const LogAppend& append);
  Result<void> seal(LogletKey key);
  Result<void> trim(LogletKey key, std::uint32_t upto);
  Result<void> remove(LogletKey key);
  Result<void> commit();
  /// As of everything committed.
  LogletState state(LogletKey key) const { return index_.state(key); }
  /// Gives back segments without live records. Apart from `commit`, so that nobody waits for it.
  Result<void> tidy();

  /// Any thread. See `LogStore::read`.
  Result<LogRead> read(LogletKey key, std::uint32_t from, std::size_t max_bytes) const;

  /// Lets another process open the directory. Nothing but reads may follow.
  void unlock() { lock_.reset(); }

  std::size_t segments() const { return segments_.size(); }
  std::uint64_t syncs() const { return syncs_; }

 private:
  friend class Recovery;
  /// A frame in the buffer, to be entered into the index once it is durable.
  struct Staged {
    FrameHeader header;
    std::size_t offset = 0;  ///< in the buffer
    std::size_t size = 0;
  };
  /// Extents to read, with the files they are in.
  struct ReadPlan {
    std::vector<std::pair<Extent, std::shared_ptr<const Segment>>> parts;
    std::uint32_t end = 0;  ///< the first offset not to be read
  };

  SegmentLog(FileLayer& files, std::string directory, SegmentLogLimits limits)
      : files_(files), directory_(std::move(directory)), limits_(limits) {}

  LogletState& accepted(LogletKey key);
  Result<void> stage(FrameHeader header, std::span<const std::string_view> body);
  Result<void> stage_records(LogletKey key, std::uint32_t first, std::span<const Bytes> records);
  Result<void> flush_part();
  Result<void> write_buffer();
  Result<void> roll(std::size_t next_frame);
  Result<std::shared_ptr<Segment>> make_segment(std::uint32_t number, std::uint64_t bytes);
  Result<void> start_epoch();
  Result<ReadPlan> plan(LogletKey key, std::uint32_t from, std::size_t max_bytes) const;
  std::string path_of(std::uint32_t segment) const;

  FileLayer& files_;
  const std::string directory_;
  const SegmentLogLimits limits_;
  std::unique_ptr<FileLock> lock_;

  // The writer's own.
  std::shared_ptr<Segment> current_;
  std::uint64_t current_size_ = 0;  ///< what is allocated
  std::uint64_t end_ = 0;           ///< where the next write goes
  std::uint64_t blank_from_ = 0;    ///< no block before this is only allocated, behind `end_`
  std::uint64_t sequence_ = 0;      ///< of the last frame
  std::uint32_t epoch_ = 0;
  std::optional<FrameKey> key_;  ///< nothing: no head says one
  std::uint32_t batch_index_ = 0;
  std::string buffer_;  ///< frames to be written at `end_`
  std::vector<Staged> staged_;
  std::map<LogletKey, LogletState> accepted_;  ///< with what is staged
  bool untidy_ = true;  ///< a segment may have lost its last record since the last `tidy`
  std::vector<std::string> spares_;
  std::uint64_t spare_number_ = 0;
  std::uint64_t syncs_ = 0;

  // Changed by the writer under the mutex; read by it without, by others with it.
  mutable std::mutex mutex_;
  LogIndex index_;
  std::map<std::uint32_t, std::shared_ptr<Segment>> segments_;
};

}  // namespace restate::storage
