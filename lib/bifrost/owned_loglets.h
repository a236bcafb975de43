#pragma once

/// \file
/// One loglet object per segment and node, on the shard that runs the partition of its log; the
/// other shards get one that passes every call on. So each loglet is single-threaded, and no shard
/// shares a table with another. What is open stays open, so that a loglet that was removed is still
/// known to be closed.

#include <restate/bifrost/loglet.h>
#include <restate/function.h>
#include <restate/runtime.h>

#include <atomic>
#include <map>
#include <memory>
#include <vector>

namespace restate::bifrost {

class OwnedLoglets {
 public:
  using Opened = Completion<std::shared_ptr<Loglet>>;
  /// Makes the one loglet of a segment. Called on `owner`.
  using Make = Function<void(LogletId id, Shard& owner, Opened done)>;

  OwnedLoglets(std::vector<Shard*> shards, Make make);
  ~OwnedLoglets() { is_open_->store(false); }
  OwnedLoglets(const OwnedLoglets&) = delete;
  OwnedLoglets& operator=(const OwnedLoglets&) = delete;

  std::size_t owner_index(LogletId id) const { return id.log.value % shards_.size(); }
  Shard& owner(LogletId id) const { return *shards_[owner_index(id)]; }
  void open(LogletId id, Shard& shard, Opened done);
  /// Drops the loglets of `shard`. Called there.
  void leave(Shard& shard);

 private:
  struct Entry {
    std::shared_ptr<Loglet> loglet;  ///< null while it is being made
    std::vector<Opened> waiting;
  };
  void open_here(LogletId id, Opened done);
  void on_made(LogletId id, Result<std::shared_ptr<Loglet>> made);

  const std::vector<Shard*> shards_;
  Make make_;
  std::vector<std::map<LogletId, Entry>> open_;  ///< per shard, each touched there only
  const std::shared_ptr<std::atomic<bool>> is_open_ = std::make_shared<std::atomic<bool>>(true);
  Scope scope_;
};

}  // namespace restate::bifrost
