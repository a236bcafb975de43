#include "bifrost/answer.h"
#include "bifrost/memory_loglet.h"
#include "bifrost/owned_loglets.h"

namespace restate::bifrost {
namespace {

class MemoryProvider final : public LogletProvider {
 public:
  MemoryProvider(std::vector<Shard*> shards, std::shared_ptr<MemoryLogs> content)
      : content_(std::move(content)),
        open_(std::move(shards), [this](LogletId id, Shard& owner, OwnedLoglets::Opened done) {
          answer_later<std::shared_ptr<Loglet>>(
              std::move(done), std::make_shared<MemoryLoglet>(owner, content_of(id)));
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
    // The loglet stays and is empty: what is sealed must not come back to life.
    Shard& shard = done.shard();
    open(id, {}, shard,
         Completion<std::shared_ptr<Loglet>>(
             shard, [done = std::move(done)](Result<std::shared_ptr<Loglet>> opened) mutable {
               if (!opened) return done(std::move(opened).error());
               clear(*std::move(opened), std::move(done));
             }));
  }

 private:
  static void clear(std::shared_ptr<Loglet> loglet, Completion<void> done) {
    Shard& shard = done.shard();
    Loglet& target = *loglet;
    target.seal(Completion<Tail>(shard, [loglet = std::move(loglet),
                                         done = std::move(done)](Result<Tail> sealed) mutable {
      if (!sealed) return done(std::move(sealed).error());
      Shard& here = done.shard();
      Loglet& empty = *loglet;
      empty.trim(LogletOffset{UINT32_MAX},
                 Completion<LogletOffset>(here, [loglet = std::move(loglet), done = std::move(done)](
                                                    Result<LogletOffset> trimmed) mutable {
                   if (!trimmed) return done(std::move(trimmed).error());
                   done({});
                 }));
    }));
  }

  MemoryLogletContent& content_of(LogletId id) {
    auto& content = content_->shards[open_.owner_index(id)][id];
    if (!content) content = std::make_unique<MemoryLogletContent>();
    return *content;
  }

  const std::shared_ptr<MemoryLogs> content_;
  OwnedLoglets open_;
};

}  // namespace

std::shared_ptr<MemoryLogs> make_memory_logs(std::size_t shards) {
  auto logs = std::make_shared<MemoryLogs>();
  logs->shards.resize(shards);
  return logs;
}

std::shared_ptr<LogletProvider> make_memory_provider(std::vector<Shard*> shards,
                                                     std::shared_ptr<MemoryLogs> content) {
  if (!content) content = make_memory_logs(shards.size());
  RESTATE_ASSERT(content->shards.size() == shards.size(), "the logs were made for other shards");
  return std::make_shared<MemoryProvider>(std::move(shards), std::move(content));
}

}  // namespace restate::bifrost
