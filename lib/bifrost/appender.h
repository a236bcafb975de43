#pragma once

/// \file
/// Puts the appends of one shard into one log, in order, over any number of segments.

#include "bifrost/logs_cache.h"
#include "bifrost/open_segments.h"
#include "bifrost/reconfigurer.h"

#include <restate/bifrost/types.h>
#include <restate/completion.h>
#include <restate/runtime.h>

#include <deque>
#include <memory>
#include <optional>

namespace restate::bifrost {

/// Several appends are under way at once, because a loglet keeps their order. When it turns out to be
/// sealed, the appender waits until all of them are answered, and only then sends the refused ones,
/// in their order, to the next segment.
class Appender final : public LogsObserver {
 public:
  Appender(Shard& shard, LogId log, LogsCache& logs, OpenSegments& segments,
           Reconfigurer& reconfigurer);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  /// `batch` is not empty and weighs `bytes`.
  void append(SharedBatch batch, std::size_t bytes, Completion<Lsn> done);
  /// Answers `done` with `error`. Until then whatever is appended is refused as well: it was handed
  /// over by somebody who does not know that there will be a hole before it.
  void refuse(Error error, Completion<Lsn> done);
  void on_logs() override;

 private:
  enum class Phase : std::uint8_t {
    kIdle,       ///< nothing was appended yet, or the last attempt failed for good
    kLocating,   ///< the chain, or the loglet of its last segment, is being fetched
    kReady,      ///< appends go to `loglet_`
    kDraining,   ///< `loglet_` is sealed; some of what it has is not answered yet
    kExtending,  ///< a new segment is on its way
    kWaiting,    ///< the log was ended by request; somebody must extend it
    kPausing,    ///< until the next attempt
  };
  struct Item {
    SharedBatch batch;
    std::size_t bytes;
    Completion<Lsn> done;
  };

  void locate(bool refreshed);
  void on_loglet(Segment segment, Result<std::shared_ptr<Loglet>> loglet);
  void send_unsent();
  void on_answer(Result<LogletOffset> answer);
  void on_refused();
  void extend();
  void retry_later(const Error& error);
  void fail_all(const Error& error);
  Item take(std::size_t index);

  Shard& shard_;
  const LogId log_;
  LogsCache& logs_;
  OpenSegments& segments_;
  Reconfigurer& reconfigurer_;

  Phase phase_ = Phase::kIdle;
  std::deque<Item> items_;
  std::size_t bytes_ = 0;
  std::size_t sent_ = 0;     ///< how many of the first items the loglet has
  std::size_t refused_ = 0;  ///< how many of those it has refused
  std::size_t refusals_ = 0;  ///< never handed to a loglet, and not answered yet
  Segment segment_;
  std::shared_ptr<Loglet> loglet_;
  std::optional<SegmentIndex> sealed_;  ///< no append will succeed up to this segment
  Duration pause_;
  std::unique_ptr<Timer> timer_;
  Scope scope_;
};

}  // namespace restate::bifrost
