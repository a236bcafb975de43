#pragma once

/// \file
/// One reader of one log: follows the chain from segment to segment and delivers what is decided.

#include "bifrost/logs_cache.h"
#include "bifrost/open_segments.h"
#include "bifrost/reconfigurer.h"

#include <restate/bifrost/bifrost.h>
#include <restate/runtime.h>

#include <memory>
#include <optional>
#include <vector>

namespace restate::bifrost {

struct ReaderOptions {
  LogId log;
  Lsn from;
  KeyRange keys;
  std::size_t read_ahead_bytes = 0;
};

/// Everything happens in `act`, at most once per turn: what arrives in between only wakes it.
class Reader final : public ReadStream, LogsObserver, TailWatcher, TurnActor {
 public:
  Reader(Shard& shard, LogsCache& logs, OpenSegments& segments, Reconfigurer& reconfigurer,
         ReaderOptions options, ReadListener& listener);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void pause() override { paused_ = true; }
  void resume() override;

 private:
  enum class Phase : std::uint8_t {
    kFinding,  ///< the segment of `next_` is not known yet
    kOpening,  ///< its loglet is being opened
    kReading,
    kDead,     ///< the listener was told why
  };
  using Entries = std::vector<LogEntry>;

  void on_logs() override;
  void on_tail(const Tail& tail) override;
  void act() override;
  void wake() { shard_.at_turn_end(TurnPhase::kApply, *this); }

  // Steps of `act`. Each returns false when there is nothing to do until something happens.
  bool step(Entries& out);
  bool find_segment(Entries& out);
  bool read_segment(Entries& out);
  bool take_from_memory(LogletOffset from, LogletOffset limit, Entries& out);

  void open_segment();
  void leave_segment();
  /// The first offset that must not be delivered yet.
  LogletOffset release_limit();
  void start_read(LogletOffset from);
  void on_read(LogletOffset from, Result<LogletRecords> found);
  void await_end_of_segment();
  void on_error(Error error);

  void deliver(Entries entries);
  void add(Entries& out, Record record);
  void add_gap(Entries& out, LogEntry::Kind kind, Lsn last);

  Shard& shard_;
  LogsCache& logs_;
  OpenSegments& segments_;
  Reconfigurer& reconfigurer_;
  const ReaderOptions options_;
  ReadListener& listener_;

  Phase phase_ = Phase::kFinding;
  bool paused_ = false;
  Lsn next_;  ///< of the next entry

  Segment segment_;
  std::optional<Lsn> end_;  ///< where the chain says that the segment ends
  std::shared_ptr<Loglet> loglet_;
  std::uint64_t opening_ = 0;    ///< counts opens; answers to earlier ones are stale
  LogletOffset open_tail_;       ///< the highest tail seen while the loglet was open
  bool reading_ = false;
  LogletRecords buffer_;         ///< read from disk, not delivered yet
  std::unique_ptr<Timer> timer_;  ///< seals the chain, or tries a read again

  Entries entries_;              ///< kept for its memory
  bool* destroyed_ = nullptr;    ///< set while the listener runs
  Scope scope_;
};

}  // namespace restate::bifrost
