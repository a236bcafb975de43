#pragma once

/// \file
/// What changes a log as a whole: finding its tail, sealing it, going on in a new segment, trimming.
/// Every step may be repeated, by this node or another; who wins is decided by the compare-and-set
/// of the chain.

#include "bifrost/logs_cache.h"
#include "bifrost/open_segments.h"

#include <restate/bifrost/bifrost.h>

#include <memory>
#include <string>

namespace restate::bifrost {

/// Who put the marker at the end of a sealed chain.
inline constexpr char kSealSource[] = "source";
/// Somebody who wants the log to end. Other markers only settle where a segment ended, and appenders
/// step over them.
inline constexpr char kSealedByRequest[] = "seal";
inline constexpr char kSealedByTail[] = "find-tail";

class Reconfigurer {
 public:
  Reconfigurer(Shard& shard, LogsCache& logs, OpenSegments& segments, const BifrostOptions& options)
      : shard_(shard), logs_(logs), segments_(segments), options_(options) {}

  // See Bifrost for all of these.
  void ensure_log(LogId log, Completion<void> done);
  void find_tail(LogId log, Completion<LogTail> done) { find_tail(log, 1, std::move(done)); }
  void seal(LogId log, Completion<Lsn> done) { seal(log, 1, std::move(done)); }
  void seal_and_extend(LogId log, std::string provider, Completion<Lsn> done);
  void trim_point(LogId log, Completion<Lsn> done);
  void trim(LogId log, Lsn upto, Completion<Lsn> done);

 private:
  /// The last segment, where it ends now that it is sealed.
  struct SealedTail {
    SegmentIndex index;
    Lsn end;
  };
  struct Trimming;

  /// Calls back with the chain, maybe at once; reads the store when the log is not known.
  void with_chain(LogId log, Function<void(Result<const Chain*>)> next);
  void find_tail(LogId log, int attempt, Completion<LogTail> done);
  void on_sealed_tail(LogId log, SegmentIndex index, Lsn end, int attempt,
                      Completion<LogTail> done);
  void seal(LogId log, int attempt, Completion<Lsn> done);
  void seal_tail(LogId log, Function<void(Result<SealedTail>)> next);
  void write_marker(LogId log, SealedTail tail, int attempt, Completion<Lsn> done);
  void extend(LogId log, const std::string& provider, SealedTail tail, Completion<Lsn> done);
  void trim_next(std::shared_ptr<Trimming> trimming);
  void trim_segment(std::shared_ptr<Loglet> loglet, std::shared_ptr<Trimming> trimming);
  void on_trimmed(std::shared_ptr<Trimming> trimming, LogletOffset offset);
  void finish_trim(std::shared_ptr<Trimming> trimming);
  void remove(LogletId id, const std::string& kind);
  SealMarker marker(const char* source) const;

  Shard& shard_;
  LogsCache& logs_;
  OpenSegments& segments_;
  const BifrostOptions& options_;
  Scope scope_;
};

}  // namespace restate::bifrost
