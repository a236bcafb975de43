#pragma once

/// \file
/// A loglet without a disk. Its records live in `MemoryLogs`, which may outlive it.

#include "bifrost/record_spans.h"
#include "bifrost/tail_notifier.h"
#include "common/visibility.h"

#include <restate/bifrost/loglet.h>
#include <restate/bifrost/providers.h>
#include <restate/runtime.h>

#include <map>
#include <memory>
#include <vector>

namespace restate::bifrost {

/// What is left of a loglet when everything that runs is gone.
struct MemoryLogletContent {
  RecordSpans records;
  LogletOffset next{1};
  LogletOffset trim_point{0};
  bool sealed = false;
};

/// Per shard, each part touched on its shard only. Removed loglets stay, sealed and empty: nobody
/// may append to them by mistake.
struct RESTATE_HIDDEN MemoryLogs {
  std::vector<std::map<LogletId, std::unique_ptr<MemoryLogletContent>>> shards;
};

class MemoryLoglet final : public Loglet {
 public:
  /// `content` outlives the loglet and belongs to it alone.
  MemoryLoglet(Shard& shard, MemoryLogletContent& content);

  void append(SharedBatch batch, Completion<LogletOffset> done) override;
  void seal(Completion<Tail> done) override;
  void find_tail(Completion<Tail> done) override;
  void read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) override;
  std::span<const Record> recent(LogletOffset from) const override;
  void trim(LogletOffset upto, Completion<LogletOffset> done) override;
  LogletOffset trim_point() const override { return content_.trim_point; }
  Tail known_tail() const override { return tail_.tail(); }
  void watch(TailWatcher& watcher) override { tail_.watch(watcher); }
  void unwatch(TailWatcher& watcher) override { tail_.unwatch(watcher); }

 private:
  Shard& shard_;
  MemoryLogletContent& content_;
  TailNotifier tail_;
};

}  // namespace restate::bifrost
