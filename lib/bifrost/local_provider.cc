#include "bifrost/local_loglet.h"
#include "bifrost/owned_loglets.h"

#include <restate/bifrost/providers.h>

namespace restate::bifrost {
namespace {

class LocalProvider final : public LogletProvider {
 public:
  LocalProvider(std::vector<Shard*> shards, storage::LogStore& store, LocalLogOptions options)
      : store_(store),
        options_(options),
        open_(std::move(shards), [this](LogletId id, Shard& owner, OwnedLoglets::Opened done) {
          make(id, owner, std::move(done));
        }) {}

  void open(LogletId id, const std::string&, Shard& shard,
            Completion<std::shared_ptr<Loglet>> done) override {
    open_.open(id, shard, std::move(done));
  }

  void leave(Shard& shard) override { open_.leave(shard); }

  std::string propose_params(LogletId, Random& random) override {
    return std::to_string(random.next());
  }

  void remove(LogletId id, Completion<void> done) override {
    Shard& owner = open_.owner(id);
    owner.post_remote(scope_.bind([this, id, &owner, done = std::move(done)]() mutable {
      open_.open(id, owner,
                 OwnedLoglets::Opened(
                     owner, scope_.bind([this, id, &owner, done = std::move(done)](
                                            Result<std::shared_ptr<Loglet>> opened) mutable {
                       on_open_to_remove(id, owner, std::move(opened), std::move(done));
                     })));
    }));
  }

 private:
  void make(LogletId id, Shard& owner, OwnedLoglets::Opened done) {
    store_.state(storage::LogletKey{id.packed()},
                 Completion<storage::LogletState>(
                     owner, scope_.bind([this, id, &owner, done = std::move(done)](
                                            Result<storage::LogletState> state) mutable {
                       if (!state) {
                         return done(std::move(state).error().within("opening loglet " + id.str()));
                       }
                       done(std::shared_ptr<Loglet>(
                           std::make_shared<LocalLoglet>(id, owner, store_, *state, options_)));
                     })));
  }

  void on_open_to_remove(LogletId id, Shard& owner, Result<std::shared_ptr<Loglet>> opened,
                         Completion<void> done) {
    Completion<void> answer(owner, [done = std::move(done)](Result<void> removed) mutable {
      Shard& to = done.shard();
      to.post_remote([done = std::move(done), removed = std::move(removed)]() mutable {
        done(std::move(removed));
      });
    });
    if (!opened) return answer(std::move(opened).error());
    // On its owner's shard it is ours, not one that forwards.
    static_cast<LocalLoglet&>(**opened).retire();
    store_.remove(storage::LogletKey{id.packed()}, std::move(answer));
  }

  storage::LogStore& store_;
  const LocalLogOptions options_;
  OwnedLoglets open_;
  Scope scope_;
};

}  // namespace

std::shared_ptr<LogletProvider> make_local_provider(std::vector<Shard*> shards,
                                                    storage::LogStore& store,
                                                    LocalLogOptions options) {
  return std::make_shared<LocalProvider>(std::move(shards), store, options);
}

}  // namespace restate::bifrost
