#include "metadata/watch_hub.h"

#include <algorithm>

namespace restate::metadata {

/// Shared between two shards: the hub reads what is constant, the watcher's shard the rest.
struct WatchHub::Entry {
  const std::string key;
  Shard& shard;
  Function<void(VersionedValue)> changed;
  bool alive = true;
};

class WatchHub::Handle final : public Watch {
 public:
  Handle(std::shared_ptr<Entry> entry, Function<void()> unlink)
      : entry_(std::move(entry)), unlink_(std::move(unlink)) {}
  ~Handle() override {
    entry_->alive = false;
    unlink_();
  }

 private:
  std::shared_ptr<Entry> entry_;
  Function<void()> unlink_;
};

std::unique_ptr<Watch> WatchHub::add(std::string key, Shard& shard,
                                     Function<void(VersionedValue)> changed) {
  auto entry = std::make_shared<Entry>(Entry{std::move(key), shard, std::move(changed)});
  send(shard, home_, scope_.bind([this, entry] { entries_.push_back(entry); }));
  Task unlink = scope_.bind([this, entry] { remove(entry); });
  return std::make_unique<Handle>(
      entry, [&shard, &home = home_, unlink = std::move(unlink)]() mutable {
        send(shard, home, std::move(unlink));
      });
}

void WatchHub::tell(const std::string& key, const VersionedValue& value) {
  for (const auto& entry : entries_) {
    if (entry->key != key) continue;
    send(home_, entry->shard, [entry, value] {
      if (entry->alive) entry->changed(value);
    });
  }
}

void WatchHub::remove(const std::shared_ptr<Entry>& entry) { std::erase(entries_, entry); }

}  // namespace restate::metadata
