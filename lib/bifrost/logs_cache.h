#pragma once

/// \file
/// The Logs document as this shard knows it, and the one place that changes it.

#include <restate/bifrost/logs.h>
#include <restate/completion.h>
#include <restate/metadata/store.h>
#include <restate/runtime.h>

#include <memory>
#include <vector>

namespace restate::bifrost {

/// Told when a newer version is known. May be old all the same: what is safe is decided by
/// compare-and-set and by seals, never by what everybody knows.
class LogsObserver {
 public:
  virtual void on_logs() = 0;

 protected:
  ~LogsObserver() = default;
};

class LogsCache {
 public:
  LogsCache(Shard& shard, metadata::Store& store) : shard_(shard), store_(store) {}

  void start(Completion<void> done);
  const Logs& current() const { return logs_; }
  /// Reads the store: afterwards everything is known that was written before the call.
  void refresh(Function<void(Result<void>)> done);

  /// Changes the document in place and says whether it did; on an error it must not have. Runs once
  /// per attempt, on the newest version, so it may see its own work.
  using Change = Function<Result<bool>(Logs&)>;
  /// Changes that come in while one is being written are written together by the next: many logs
  /// share this document. Afterwards `current` contains the change.
  void change(Change change, Function<void(Result<void>)> done);

  void observe(LogsObserver& observer) { observers_.push_back(&observer); }
  void forget(LogsObserver& observer);

 private:
  struct Command {
    Change change;
    Function<void(Result<void>)> done;
    Result<void> outcome;
  };
  using Commands = std::vector<Command>;

  void install(const metadata::VersionedValue& value);
  void tell();
  void write_next();
  void on_written(Commands& commands, Result<std::optional<metadata::VersionedValue>> written);

  Shard& shard_;
  metadata::Store& store_;
  Logs logs_;
  std::optional<Error> failure_;  ///< the document cannot be read
  std::unique_ptr<metadata::Watch> watch_;
  std::vector<LogsObserver*> observers_;
  bool telling_ = false;
  bool writing_ = false;
  bool gathering_ = false;  ///< `write_next` comes in a moment
  Commands queue_;
  Scope scope_;
};

}  // namespace restate::bifrost
