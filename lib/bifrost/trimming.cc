// Trimming walks the chain from its front: segment after segment as far as each is trimmed
// completely. What is gone completely leaves the chain.

#include "bifrost/answer.h"
#include "bifrost/reconfigurer.h"

#include <restate/log.h>

#include <algorithm>

namespace restate::bifrost {

struct Reconfigurer::Trimming {
  LogId log;
  Chain chain;            ///< as it was at the start
  std::size_t index = 0;  ///< of the segment under way
  Lsn upto;               ///< 0: only look
  Lsn trimmed;            ///< everything up to here is gone
  Completion<Lsn> done;

  const Segment& segment() const { return chain.segments[index]; }
  bool at_end() const { return index == chain.segments.size() || segment().is_marker(); }
  std::optional<Lsn> end() const {
    if (index + 1 == chain.segments.size()) return std::nullopt;
    return chain.segments[index + 1].base;
  }
};

void Reconfigurer::trim_point(LogId log, Completion<Lsn> done) {
  trim(log, kInvalidLsn, std::move(done));
}

void Reconfigurer::trim(LogId log, Lsn upto, Completion<Lsn> done) {
  with_chain(log, [this, log, upto, done = std::move(done)](Result<const Chain*> chain) mutable {
    if (!chain) return answer_later<Lsn>(std::move(done), std::move(chain).error());
    auto trimming = std::make_shared<Trimming>(
        Trimming{log, **chain, 0, upto, (*chain)->first().prev(), std::move(done)});
    trim_next(std::move(trimming));
  });
}

void Reconfigurer::trim_next(std::shared_ptr<Trimming> trimming) {
  if (trimming->at_end()) return finish_trim(std::move(trimming));
  const LogId log = trimming->log;
  const Segment segment = trimming->segment();
  segments_.open(log, segment, [this, trimming = std::move(trimming)](
                                   Result<std::shared_ptr<Loglet>> loglet) mutable {
    if (!loglet) return trimming->done(std::move(loglet).error());
    trim_segment(*std::move(loglet), std::move(trimming));
  });
}

void Reconfigurer::trim_segment(std::shared_ptr<Loglet> loglet,
                                std::shared_ptr<Trimming> trimming) {
  Loglet& target = *loglet;
  const Segment& segment = trimming->segment();
  if (trimming->upto < segment.base) {
    // Any question to the loglet refreshes what is known of its trim point here.
    return target.find_tail(Completion<Tail>(
        shard_, scope_.bind([this, loglet = std::move(loglet),
                             trimming = std::move(trimming)](Result<Tail>) mutable {
          on_trimmed(std::move(trimming), loglet->trim_point());
        })));
  }
  const auto end = trimming->end();
  const Lsn last = end ? std::min(trimming->upto, end->prev()) : trimming->upto;
  const LogletOffset offset = segment.offset_of(last);
  target.trim(offset, Completion<LogletOffset>(
                          shard_, scope_.bind([this, trimming = std::move(trimming)](
                                                  Result<LogletOffset> trimmed) mutable {
                            if (!trimmed) return trimming->done(std::move(trimmed).error());
                            on_trimmed(std::move(trimming), *trimmed);
                          })));
}

void Reconfigurer::on_trimmed(std::shared_ptr<Trimming> trimming, LogletOffset offset) {
  Trimming& now = *trimming;
  if (offset.value > 0) now.trimmed = now.segment().lsn_of(offset);
  const auto end = now.end();
  if (!end || now.trimmed.next() < *end) return finish_trim(std::move(trimming));
  ++now.index;
  trim_next(std::move(trimming));
}

void Reconfigurer::finish_trim(std::shared_ptr<Trimming> trimming) {
  const Lsn trimmed = trimming->trimmed;
  const LogId log = trimming->log;
  const bool drops = trimming->upto != kInvalidLsn &&
                     !Chain(trimming->chain).trim_prefix(trimmed).empty();
  if (!drops) return answer_later<Lsn>(std::move(trimming->done), trimmed);

  auto dropped = std::make_shared<std::vector<Segment>>();
  logs_.change(
      [log, trimmed, dropped](Logs& logs) -> Result<bool> {
        const auto chain = logs.logs.find(log);
        if (chain == logs.logs.end()) return false;
        *dropped = chain->second.trim_prefix(trimmed);
        return !dropped->empty();
      },
      scope_.bind([this, log, trimmed, dropped, trimming](Result<void> written) {
        if (!written) return trimming->done(std::move(written).error());
        for (const Segment& segment : *dropped) remove(LogletId{log, segment.index}, segment.kind);
        trimming->done(trimmed);
      }));
}

void Reconfigurer::remove(LogletId id, const std::string& kind) {
  segments_.close(id);
  LogletProvider* const provider = segments_.provider(kind);
  if (provider == nullptr) return;
  provider->remove(id, Completion<void>(shard_, scope_.bind([this, id](Result<void> removed) {
    if (removed) return;
    // It costs space, and nothing else: the chain does not know it any more.
    shard_.log().warn("bifrost", "a trimmed segment was not removed",
                      {{"loglet", id.str()}, {"error", removed.error().describe()}});
  })));
}

}  // namespace restate::bifrost
