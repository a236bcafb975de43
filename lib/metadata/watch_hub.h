#pragma once

/// \file
/// Who wants to hear of which document. Watchers live on any shard; the hub lives on the store's.

#include <restate/metadata/store.h>
#include <restate/runtime.h>

#include <memory>
#include <string>
#include <vector>

namespace restate::metadata {

class WatchHub {
 public:
  explicit WatchHub(Shard& home) : home_(home) {}

  /// Called on `shard`. Changes of calls made on that shard later are seen.
  std::unique_ptr<Watch> add(std::string key, Shard& shard, Function<void(VersionedValue)> changed);
  /// On the home shard: `key` has a new value.
  void tell(const std::string& key, const VersionedValue& value);

 private:
  struct Entry;
  class Handle;
  void remove(const std::shared_ptr<Entry>& entry);

  Shard& home_;
  std::vector<std::shared_ptr<Entry>> entries_;
  Scope scope_;
};

/// Runs `task` on `to`, from `from`, never inside the caller.
inline void send(Shard& from, Shard& to, Task task) {
  if (&from == &to) {
    to.post(std::move(task));
  } else {
    to.post_remote(std::move(task));
  }
}

}  // namespace restate::metadata
