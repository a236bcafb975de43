#pragma once

/// \file
/// The documents of one store, on its home shard. Everything is in memory; with a durable space
/// below, a change is on disk before it is seen or acknowledged.

#include <restate/metadata/store.h>
#include <restate/runtime.h>
#include <restate/storage/batch.h>

#include "common/visibility.h"
#include "metadata/watch_hub.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace restate::storage {
class DurableSpace;
}

namespace restate::metadata {

/// Calls are answered in the order in which they reach the home shard, which makes the store
/// linearizable: a read behind a write waits for that write.
class RESTATE_HIDDEN DocumentTable {
 public:
  /// `space` is null when nothing needs to survive.
  DocumentTable(Shard& home, storage::DurableSpace* space) : home_(home), space_(space), hub_(home) {}

  void get(std::string key, Completion<std::optional<VersionedValue>> done);
  /// An empty `value` erases.
  void write(std::string key, std::optional<VersionedValue> value, Precondition precondition,
             Completion<void> done);
  std::unique_ptr<Watch> watch(std::string key, Shard& shard,
                               Function<void(VersionedValue)> changed) {
    return hub_.add(std::move(key), shard, std::move(changed));
  }

 private:
  using Rows = std::map<std::string, VersionedValue>;
  using Changes = std::map<std::string, std::optional<VersionedValue>>;

  struct Request {
    std::string key;
    std::optional<VersionedValue> value;
    Precondition precondition;
    Completion<std::optional<VersionedValue>> read;  ///< one of these two is set
    Completion<void> written;
  };
  /// An answer that waits until the changes before it are durable.
  struct Answer {
    Request request;
    Result<std::optional<VersionedValue>> result;
  };

  void accept(Shard& from, Request request);
  void pump();
  void load();
  void on_loaded(Result<Rows> rows);
  void commit(Changes changes, std::vector<Answer> answers);
  void on_committed(Result<void> outcome, Changes changes, std::vector<Answer> answers);
  void publish(Changes changes);
  std::optional<VersionedValue> current(const std::string& key, const Changes& changes) const;
  void answer(Request request, Result<std::optional<VersionedValue>> result);

  Shard& home_;
  storage::DurableSpace* const space_;
  Rows rows_;
  bool loaded_ = false;
  bool busy_ = false;       ///< a job is in the pool
  bool gathering_ = false;  ///< `pump` comes in a moment
  std::optional<Error> failure_;
  std::deque<Request> requests_;
  WatchHub hub_;
  Scope scope_;
};

}  // namespace restate::metadata
