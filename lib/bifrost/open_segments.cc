#include "bifrost/open_segments.h"

namespace restate::bifrost {

void OpenSegments::add_provider(std::string kind, std::shared_ptr<LogletProvider> provider) {
  providers_[std::move(kind)] = std::move(provider);
}

LogletProvider* OpenSegments::provider(const std::string& kind) const {
  const auto found = providers_.find(kind);
  return found == providers_.end() ? nullptr : found->second.get();
}

void OpenSegments::open(LogId log, const Segment& segment, Opened opened) {
  const LogletId id{log, segment.index};
  if (const auto found = open_.find(id); found != open_.end() && found->second.loglet) {
    return shard_.post(scope_.bind(
        [opened = std::move(opened), loglet = found->second.loglet]() mutable {
          opened(std::move(loglet));
        }));
  }
  LogletProvider* const from = provider(segment.kind);
  if (from == nullptr) {
    return shard_.post(scope_.bind([opened = std::move(opened), id, kind = segment.kind]() mutable {
      opened(Error{Code::kUnsupported, "loglet " + id.str() + " is of kind '" + kind +
                                           "', which this node does not have"});
    }));
  }
  Entry& entry = open_[id];
  entry.waiting.push_back(std::move(opened));
  if (entry.waiting.size() > 1) return;
  from->open(id, segment.params, shard_,
             Completion<std::shared_ptr<Loglet>>(
                 shard_, scope_.bind([this, id](Result<std::shared_ptr<Loglet>> result) {
                   on_open(id, std::move(result));
                 })));
}

void OpenSegments::on_open(LogletId id, Result<std::shared_ptr<Loglet>> opened) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  std::vector<Opened> waiting = std::move(found->second.waiting);
  if (opened) {
    found->second.loglet = *opened;
  } else {
    open_.erase(found);
  }
  for (Opened& each : waiting) each(opened);
}

void OpenSegments::close(LogletId id) {
  const auto found = open_.find(id);
  // Somebody may still wait for it.
  if (found != open_.end() && found->second.loglet) open_.erase(found);
}

}  // namespace restate::bifrost
