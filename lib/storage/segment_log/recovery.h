#pragma once

/// \file
/// Finding out, after a start, what the segments hold: one scan from the oldest to the newest.

#include "storage/segment_log/segment_log.h"

namespace restate::storage {

/// Reads the frames of one segment in order.
class FrameScanner {
 public:
  static Result<FrameScanner> open(const Segment& segment);

  /// The undamaged frame at `position`, if there is one. Valid until the next call.
  Result<std::optional<Frame>> at(std::uint64_t position);
  /// What undamaged header is at `position`, if there is one and its frame ends inside the segment.
  /// Of a segment whose key nobody knows, a header is taken at its word, and so is its frame.
  Result<std::optional<Frame>> header_at(std::uint64_t position);
  /// The next place before `limit` where a frame might begin: its first bytes look like one.
  Result<std::optional<std::uint64_t>> find(std::uint64_t position, std::uint64_t limit);
  /// Where what begins at `position` claims to end, damaged or not; `position` itself if that is nonsense.
  Result<std::uint64_t> claimed_end(std::uint64_t position);
  std::uint64_t size() const { return size_; }

 private:
  FrameScanner(const Segment& segment, std::uint64_t size) : segment_(&segment), size_(size) {}
  /// Nothing: unknown. A head has none.
  std::optional<FrameKey> key_of(std::uint64_t position) const;
  /// The bytes from `position` on, at least `size` of them unless the file ends.
  Result<std::string_view> window(std::uint64_t position, std::size_t size);

  const Segment* segment_;
  std::uint64_t size_;
  std::string window_;
  std::uint64_t window_start_ = 0;
};

/// Fills a log that was just made from what is in its directory.
class Recovery {
 public:
  explicit Recovery(SegmentLog& log) : log_(log) {}
  Result<void> run(Function<void()> on_locked);

 private:
  Result<std::vector<std::uint32_t>> list();
  Result<void> scan_all(const std::vector<std::uint32_t>& numbers);
  Result<void> scan(const Segment& segment, FrameScanner& frames, std::optional<std::uint64_t> end,
                    bool newest);
  Result<void> apply(const Segment& segment, std::uint64_t position, const Frame& frame);
  Result<void> apply_head(const Segment& segment, const SegmentHead& head);
  /// The frame at `position` was acknowledged and is damaged. If its header still says whose
  /// records it holds, only their readers have to know: they find it in the index and fail its
  /// checksum. Otherwise this is `damage`.
  Result<Frame> admit_damaged(FrameScanner& frames, std::uint64_t position,
                              std::optional<std::uint64_t> end, Error damage);
  /// Whether a frame is the one that comes next.
  bool continues(const FrameHeader& header) const;
  /// Nothing valid is at `position` of the newest segment. Fine if that is where a crash cut the
  /// last batch; `kCorrupt` if an earlier batch is damaged there.
  Result<void> check_tail(const Segment& segment, FrameScanner& frames, std::uint64_t position);
  Result<void> check_complete() const;
  Error corrupt(const Segment& segment, std::uint64_t position, const std::string& why) const;

  SegmentLog& log_;
  std::uint64_t position_ = 0;  ///< where the scan of the present segment ended
};

}  // namespace restate::storage
