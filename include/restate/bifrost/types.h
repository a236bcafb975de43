#pragma once

/// \file
/// The vocabulary of the virtual log. A log is a chain of segments; each segment is a loglet.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/time.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::bifrost {

/// One log per partition; the default log of a partition has the partition's number.
struct LogId {
  std::uint32_t value = 0;  ///< any number
  auto operator<=>(const LogId&) const = default;
};

/// A position in a log. 0 is before everything, 1 the oldest possible record.
struct Lsn {
  std::uint64_t value = 0;  ///< counts records of the log, and holes
  auto operator<=>(const Lsn&) const = default;
  Lsn next() const { return {value + 1}; }  ///< the position behind
  Lsn prev() const { return {value - 1}; }  ///< the position before; not of 0
};
/// Before everything: no record is there.
inline constexpr Lsn kInvalidLsn{0};
/// Where the first record of a log is.
inline constexpr Lsn kOldestLsn{1};
/// Behind everything.
inline constexpr Lsn kMaxLsn{UINT64_MAX};

/// A position in a loglet. 0 is before everything, 1 the oldest.
struct LogletOffset {
  std::uint32_t value = 0;  ///< counts records of the loglet; there are at most 2^32 - 1
  auto operator<=>(const LogletOffset&) const = default;
};

/// Counts the segments of a log; never reused.
struct SegmentIndex {
  std::uint32_t value = 0;  ///< from 0
  auto operator<=>(const SegmentIndex&) const = default;
};

/// Names a loglet: log id and segment index. `<log>_<segment>` in text.
struct LogletId {
  LogId log;             ///< the log it belongs to
  SegmentIndex segment;  ///< its place in the chain
  auto operator<=>(const LogletId&) const = default;
  /// Both in one number, the log in the high 32 bits: `storage::LogletKey`.
  std::uint64_t packed() const {
    return static_cast<std::uint64_t>(log.value) << 32 | segment.value;
  }
  /// `3_0`
  std::string str() const;
};

/// Which partition keys a record concerns, so that readers can skip what is not theirs.
struct RecordKeys {
  /// How many keys a record names. `kRange` has both ends in it.
  enum class Kind : std::uint8_t { kNone, kSingle, kPair, kRange };
  Kind kind = Kind::kNone;   ///< what `first` and `second` mean
  std::uint64_t first = 0;   ///< the key, or the lower end
  std::uint64_t second = 0;  ///< the other key, or the upper end

  static RecordKeys none() { return {}; }  ///< concerns everybody
  /// Concerns one object or invocation.
  static RecordKeys single(PartitionKey key) { return {Kind::kSingle, key.value, 0}; }
  /// Concerns all keys of a range, both ends included.
  static RecordKeys range(KeyRange keys) { return {Kind::kRange, keys.first, keys.last}; }
  /// Records without keys concern everybody.
  bool concern(KeyRange range) const;
  bool operator==(const RecordKeys&) const = default;
};

/// A decoded form of a record's body that travels with it inside this process and is never stored:
/// readers on the appender's node need not decode what was just encoded.
class Decoded {
 public:
  virtual ~Decoded() = default;
};

/// What is appended to a log, and read from it.
struct Record {
  WallTime created_at;  ///< when it was appended: the only clock that apply may use
  RecordKeys keys;  ///< for whom
  Bytes body;  ///< opaque to the log (docs/formats/records.md)
  std::shared_ptr<const Decoded> decoded;  ///< may be null
};

/// Equal where it counts: `decoded` is only a shortcut.
inline bool operator==(const Record& a, const Record& b) {
  return a.created_at == b.created_at && a.keys == b.keys && a.body == b.body;
}

/// Records that are appended together, in this order; not atomically.
using RecordBatch = std::vector<Record>;

/// A batch on its way: the appender keeps it until it is durable, the loglet for its readers.
using SharedBatch = std::shared_ptr<const RecordBatch>;

/// Where a loglet or a log ends, and whether it can still grow. `next` is the first position nobody
/// has written.
template <class Offset>
struct TailOf {
  Offset next;          ///< the first position nobody has written
  bool sealed = false;  ///< nothing will ever be written at `next`
  bool operator==(const TailOf&) const = default;
};
/// The end of a loglet.
using Tail = TailOf<LogletOffset>;
/// The end of a log.
using LogTail = TailOf<Lsn>;

/// What a reader finds: a record, or a hole that it may step over.
struct LogEntry {
  /// A record, or why there is none: it was trimmed, it concerns nobody who reads here, or somebody
  /// forced an end of its segment above all that was ever written.
  enum class Kind : std::uint8_t { kRecord, kTrimGap, kFilteredGap, kDataLossGap };
  Kind kind = Kind::kRecord;  ///< a record, or why there is none
  Lsn lsn;                    ///< of the record, or the first of the gap
  Lsn last;                   ///< the last position covered, inclusive; equal to lsn for a record
  Record record;              ///< empty for a hole
};

}  // namespace restate::bifrost

#pragma GCC visibility pop
