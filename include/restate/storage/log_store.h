#pragma once

/// \file
/// Where the records of logs lie on one node. A log store holds many loglets; each is a sequence of
/// opaque records with dense offsets, from the trim point to the tail. One writer gathers what all
/// shards hand in and makes it durable with one sync.

#include <restate/bytes.h>
#include <restate/completion.h>

#include <cstdint>
#include <string>
#include <vector>

namespace restate {
class MetricsSnapshot;
}

#pragma GCC visibility push(default)

namespace restate::storage {

/// Log id in the high, segment index in the low 32 bits.
struct LogletKey {
  std::uint64_t value = 0;  ///< `bifrost::LogletId::packed`
  auto operator<=>(const LogletKey&) const = default;
};

/// As file names and messages show it: log id, underscore, segment index.
inline std::string to_string(LogletKey key) {
  return std::to_string(key.value >> 32) + "_" + std::to_string(key.value & 0xffffffff);
}

/// What the store knows of a loglet. A loglet nobody wrote to is {1, 0, false}.
struct LogletState {
  std::uint32_t next = 1;        ///< the first offset nobody has written
  std::uint32_t trim_point = 0;  ///< the last trimmed offset
  bool sealed = false;           ///< takes no more records
  bool operator==(const LogletState&) const = default;
};

/// Consecutive records of one loglet.
struct LogAppend {
  LogletKey loglet;            ///< whose records
  std::uint32_t first = 0;     ///< offset of the first record: the caller's `next`
  std::vector<Bytes> records;  ///< shared, not copied
};

/// What a read returns; without records, `first` means nothing.
struct LogRead {
  std::uint32_t first = 0;     ///< offset of the first record returned
  std::vector<Bytes> records;  ///< with offsets `first`, `first + 1`, ...
};

/// Calls may come from any shard, which is the shard of the completion; completions run there, in
/// the order of the calls per loglet. Only reads keep no order: they may overtake and be overtaken.
/// An append is not atomic: a crash may leave the first of its records. After the first write error
/// the store is in its failed state: every call answers `kFailed`, and nothing is acknowledged
/// until the process opens the store anew.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Completes once the records and everything appended before them are durable.
  /// - `kInvalidArgument`: `first` is not the loglet's next offset.
  /// - `kSealed`: the seal came before, or all offsets are used up.
  /// - `kOverloaded`: too much waits for the disk; nothing was written.
  virtual void append(LogAppend append, Completion<void> done) = 0;

  /// Refuses later appends. Ordered with appends: those before it are written and acknowledged.
  /// Completes with the final state. Idempotent.
  virtual void seal(LogletKey loglet, Completion<LogletState> done) = 0;

  /// Forgets records up to and including `upto`, clamped to the tail. The trim point is durable
  /// before completion; the space may be freed later.
  virtual void trim(LogletKey loglet, std::uint32_t upto, Completion<LogletState> done) = 0;

  /// The state as of everything durable.
  virtual void state(LogletKey loglet, Completion<LogletState> done) = 0;

  /// Reads durable records from `from`: at least one, at most `max_bytes` worth (the first may be
  /// larger). Empty at the tail.
  /// - `kTrimmed`: `from` is at or below the trim point.
  /// - `kCorrupt`: a record failed its checksum; the message names loglet, offset and file.
  virtual void read(LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
                    Completion<LogRead> done) = 0;

  /// Forgets a loglet entirely: the segment left its chain.
  virtual void remove(LogletKey loglet, Completion<void> done) = 0;

  /// Adds figures for operators. From any thread.
  virtual void collect(MetricsSnapshot& out) { static_cast<void>(out); }
};

}  // namespace restate::storage

#pragma GCC visibility pop
