#pragma once

/// \file
/// Where the records of each loglet lie, in memory. Rebuilt from the segments on every open.

#include <restate/storage/log_store.h>

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace restate::storage {

/// Frames of one loglet that lie side by side in one segment. Sixteen bytes, because there may be
/// millions.
struct Extent {
  std::uint32_t first = 0;  ///< offset of the first record
  std::uint32_t segment = 0;
  std::uint32_t position8 = 0;  ///< in units of 8 bytes
  std::uint32_t size = 0;       ///< bytes

  std::uint64_t position() const { return std::uint64_t{position8} * 8; }
};

struct LogletIndex {
  LogletState state;
  std::deque<Extent> extents;  ///< of everything above the trim point, perhaps a little below
  /// While the log is opened: records up to here are in no segment any more, so they must turn out
  /// to be trimmed.
  std::uint32_t missing_upto = 0;

  /// The extent that holds `offset`, which must be in the loglet.
  std::deque<Extent>::const_iterator find(std::uint32_t offset) const;
};

/// Describes durable frames only. Not thread safe.
class LogIndex {
 public:
  const LogletIndex* find(LogletKey key) const;
  const std::map<LogletKey, LogletIndex>& loglets() const { return loglets_; }
  /// The state of a loglet; that of a new one if nobody wrote to it.
  LogletState state(LogletKey key) const;

  struct Records {
    LogletKey loglet;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t segment = 0;
    std::uint64_t position = 0;
    std::size_t size = 0;
  };
  /// Records must continue at `state.next`, but for those in `skip_to`.
  void add(const Records& records);
  void seal(LogletKey key);
  void trim(LogletKey key, std::uint32_t upto);
  void remove(LogletKey key);

  /// While the log is opened: the loglet is in this state; what lies before `state.next` and was
  /// not seen is gone.
  void skip_to(LogletKey key, const LogletState& state);
  /// Forgets all loglets but these, which are sorted.
  void keep_only(const std::vector<LogletKey>& keys);

  /// How many extents lie in a segment.
  std::uint32_t live(std::uint32_t segment) const;

 private:
  void drop_front(LogletIndex& loglet);
  void drop_all(LogletIndex& loglet);

  std::map<LogletKey, LogletIndex> loglets_;
  std::map<std::uint32_t, std::uint32_t> live_;
};

}  // namespace restate::storage
