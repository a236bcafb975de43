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

namespace restate::bifrost {

/// One log per partition; the default log of a partition has the partition's number.
struct LogId {
  std::uint32_t value = 0;
  auto operator<=>(const LogId&) const = default;
};

/// A position in a log. 0 is before everything, 1 the oldest possible record.
struct Lsn {
  std::uint64_t value = 0;
  auto operator<=>(const Lsn&) const = default;
  Lsn next() const { return {value + 1}; }
  Lsn prev() const { return {value - 1}; }
};
inline constexpr Lsn kInvalidLsn{0};
inline constexpr Lsn kOldestLsn{1};
inline constexpr Lsn kMaxLsn{UINT64_MAX};

/// A position in a loglet. 0 is before everything, 1 the oldest.
struct LogletOffset {
  std::uint32_t value = 0;
  auto operator<=>(const LogletOffset&) const = default;
};

/// Counts the segments of a log; never reused.
struct SegmentIndex {
  std::uint32_t value = 0;
  auto operator<=>(const SegmentIndex&) const = default;
};

/// Names a loglet: log id and segment index. `<log>_<segment>` in text.
struct LogletId {
  LogId log;
  SegmentIndex segment;
  auto operator<=>(const LogletId&) const = default;
  std::uint64_t packed() const {
    return static_cast<std::uint64_t>(log.value) << 32 | segment.value;
  }
  std::string str() const;
};

/// Which partition keys a record concerns, so that readers can skip what is not theirs.
struct RecordKeys {
  enum class Kind : std::uint8_t { kNone, kSingle, kPair, kRange };
  Kind kind = Kind::kNone;
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  static RecordKeys none() { return {}; }
  static RecordKeys single(PartitionKey key) { return {Kind::kSingle, key.value, 0}; }
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

struct Record {
  WallTime created_at;  ///< when it was appended: the only clock that apply may use
  RecordKeys keys;
  Bytes body;
  std::shared_ptr<const Decoded> decoded;  ///< may be null
};

/// Equal where it counts: `decoded` is only a shortcut.
inline bool operator==(const Record& a, const Record& b) {
  return a.created_at == b.created_at && a.keys == b.keys && a.body == b.body;
}

using RecordBatch = std::vector<Record>;

/// A batch on its way: the appender keeps it until it is durable, the loglet for its readers.
using SharedBatch = std::shared_ptr<const RecordBatch>;

/// Where a loglet or a log ends, and whether it can still grow. `next` is the first position nobody
/// has written.
template <class Offset>
struct TailOf {
  Offset next;
  bool sealed = false;
  bool operator==(const TailOf&) const = default;
};
using Tail = TailOf<LogletOffset>;
using LogTail = TailOf<Lsn>;

/// What a reader finds: a record, or a hole that it may step over.
struct LogEntry {
  enum class Kind : std::uint8_t { kRecord, kTrimGap, kFilteredGap, kDataLossGap };
  Kind kind = Kind::kRecord;
  Lsn lsn;   ///< of the record, or the first of the gap
  Lsn last;  ///< the last position covered, inclusive; equal to lsn for a record
  Record record;
};

}  // namespace restate::bifrost
