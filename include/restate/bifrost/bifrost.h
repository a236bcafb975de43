#pragma once

/// \file
/// The virtual log: an endless sequence of records per log id, made of a chain of loglets that the
/// Logs document in the metadata store describes. Appending at least once; exactly-once comes from
/// the dedup numbers inside the records.

#include <restate/bifrost/loglet.h>
#include <restate/bifrost/types.h>
#include <restate/completion.h>
#include <restate/runtime.h>

#include <memory>
#include <span>
#include <string>

#pragma GCC visibility push(default)

namespace restate::metadata {
class Store;
}

namespace restate::bifrost {

/// Receives the entries of a log in order, without holes but those reported. Called on the shard of
/// the reader, never inside a call into it.
class ReadListener {
 public:
  /// Returns nothing; call `ReadStream::pause` to slow it down. Entries may be moved from.
  virtual void on_entries(std::span<LogEntry> entries) = 0;
  /// The stream is dead: `kCorrupt` names log, LSN and file; `kFailed`, `kShutdown`.
  virtual void on_read_error(const Error& error) = 0;

 protected:
  ~ReadListener() = default;
};

/// Reads until destroyed.
class ReadStream {
 public:
  virtual ~ReadStream() = default;
  /// No entries come from now on, until `resume`.
  virtual void pause() = 0;
  /// Goes on where it paused. Both may be called as often as one likes.
  virtual void resume() = 0;
};

/// What the Bifrosts of a node have in common.
struct BifrostOptions {
  std::string default_provider = "local";     ///< of new segments: `local`, `in-memory`
  std::size_t record_size_limit = 64u << 20;  ///< larger records are refused before any append
  std::size_t read_ahead_bytes = 4u << 20;    ///< per reader that catches up from disk
};

/// One per shard. Shards of a node share providers and the metadata store.
class Bifrost {
 public:
  virtual ~Bifrost() = default;

  /// Makes segments of this kind readable and writable here. Before `start`; every Bifrost of a
  /// node gets the same providers.
  virtual void add_provider(std::string kind, std::shared_ptr<LogletProvider> provider) = 0;

  /// Reads the Logs document, and follows it from then on.
  virtual void start(Completion<void> done) = 0;

  /// Creates the log with one empty segment unless it exists.
  virtual void ensure_log(LogId log, Completion<void> done) = 0;

  /// Appends in order; completes with the LSN of the last record once all are durable. Appends of
  /// one Bifrost to one log keep their order. A sealed segment is replaced behind the scenes. Behind
  /// an append that fails, nothing is written that was handed over before its answer.
  /// - `kUnavailable`, `kFailed`: unknown; see Loglet::append.
  /// - `kInvalidArgument`: a record is above `record_size_limit`; nothing was written.
  /// - `kOverloaded`: too much waits for the disk; nothing was written.
  virtual void append(LogId log, RecordBatch batch, Completion<Lsn> done) = 0;

  /// Streams entries from `from` on, for ever. Records whose keys are outside `keys` arrive as
  /// filtered gaps.
  virtual std::unique_ptr<ReadStream> read(LogId log, Lsn from, KeyRange keys,
                                           ReadListener& listener) = 0;

  /// The tail of the log. Covers every append completed before the call.
  virtual void find_tail(LogId log, Completion<LogTail> done) = 0;

  /// The last trimmed position; `kInvalidLsn` if nothing was trimmed.
  virtual void trim_point(LogId log, Completion<Lsn> done) = 0;

  /// Forgets records up to and including `upto`, as far as loglets can. A hint: may trim less.
  /// Completes with the trim point.
  virtual void trim(LogId log, Lsn upto, Completion<Lsn> done) = 0;

  /// Seals the tail segment and ends the chain with a seal marker; the log takes no appends until
  /// it is extended. Completes with the LSN where it ends. Idempotent.
  virtual void seal(LogId log, Completion<Lsn> done) = 0;

  /// Seals the tail segment and continues in a new one of kind `provider` (empty: the default).
  /// Completes with the base of the new segment.
  /// - `kFailedPrecondition`: somebody else reconfigured the log meanwhile; read and decide anew.
  virtual void seal_and_extend(LogId log, std::string provider, Completion<Lsn> done) = 0;
};

/// Makes the Bifrost of `shard`, on which it lives: it is made, called and destroyed there.
/// `metadata` outlives it.
std::unique_ptr<Bifrost> make_bifrost(Shard& shard, metadata::Store& metadata,
                                      BifrostOptions options);

}  // namespace restate::bifrost

#pragma GCC visibility pop
