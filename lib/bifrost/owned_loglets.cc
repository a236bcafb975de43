#include "bifrost/owned_loglets.h"

#include "bifrost/forwarding_loglet.h"

#include <restate/assert.h>

namespace restate::bifrost {

OwnedLoglets::OwnedLoglets(std::vector<Shard*> shards, Make make)
    : shards_(std::move(shards)), make_(std::move(make)), open_(shards_.size()) {
  RESTATE_ASSERT(!shards_.empty(), "loglets live on shards");
}

void OwnedLoglets::open(LogletId id, Shard& shard, Opened done) {
  Shard& home = owner(id);
  if (&shard == &home) return open_here(id, std::move(done));
  home.post_remote(scope_.bind([this, id, &home, done = std::move(done)]() mutable {
    open_here(id, Opened(home, [&home, is_open = is_open_, done = std::move(done)](
                                   Result<std::shared_ptr<Loglet>> made) mutable {
      if (made) {
        return ForwardingLoglet::make(home, *std::move(made), std::move(is_open), std::move(done));
      }
      Shard& to = done.shard();
      to.post_remote([done = std::move(done), error = std::move(made).error()]() mutable {
        done(std::move(error));
      });
    }));
  }));
}

void OwnedLoglets::leave(Shard& shard) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i] == &shard) open_[i].clear();
  }
}

void OwnedLoglets::open_here(LogletId id, Opened done) {
  auto& slot = open_[owner_index(id)];
  const auto [at, is_new] = slot.try_emplace(id);
  if (at->second.loglet) {
    return owner(id).post([done = std::move(done), loglet = at->second.loglet]() mutable {
      done(std::move(loglet));
    });
  }
  at->second.waiting.push_back(std::move(done));
  if (!is_new) return;
  make_(id, owner(id),
        Opened(owner(id), scope_.bind([this, id](Result<std::shared_ptr<Loglet>> made) {
          on_made(id, std::move(made));
        })));
}

void OwnedLoglets::on_made(LogletId id, Result<std::shared_ptr<Loglet>> made) {
  auto& slot = open_[owner_index(id)];
  const auto at = slot.find(id);
  if (at == slot.end()) return;
  std::vector<Opened> waiting = std::move(at->second.waiting);
  if (made) {
    at->second.loglet = *made;
  } else {
    slot.erase(at);
  }
  for (Opened& done : waiting) done(made);
}

}  // namespace restate::bifrost
