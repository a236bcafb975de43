#include "bifrost/reconfigurer.h"

#include "bifrost/answer.h"
#include "bifrost/limits.h"

#include <restate/log.h>

namespace restate::bifrost {
namespace {

Error unknown_log(LogId log) {
  return Error{Code::kNotFound, "there is no log " + std::to_string(log.value)};
}

std::string naming(const char* what, LogId log) {
  return what + (" log " + std::to_string(log.value));
}

}  // namespace

SealMarker Reconfigurer::marker(const char* source) const {
  return {.sealed_at = shard_.wall_now(), .context = {{kSealSource, source}}};
}

void Reconfigurer::with_chain(LogId log, Function<void(Result<const Chain*>)> next) {
  if (const Chain* chain = logs_.current().find(log)) return next(chain);
  logs_.refresh(scope_.bind([this, log, next = std::move(next)](Result<void> read) mutable {
    if (!read) return next(std::move(read).error());
    const Chain* chain = logs_.current().find(log);
    if (chain == nullptr) return next(unknown_log(log));
    next(chain);
  }));
}

void Reconfigurer::ensure_log(LogId log, Completion<void> done) {
  if (logs_.current().find(log) != nullptr) return answer_later<void>(std::move(done), {});
  const std::string kind = options_.default_provider;
  LogletProvider* const provider = segments_.provider(kind);
  if (provider == nullptr) {
    return answer_later<void>(
        std::move(done), Error{Code::kUnsupported, naming("creating", log) + ": no provider '" +
                                                       kind + "' on this node"});
  }
  const std::string params =
      provider->propose_params(LogletId{log, SegmentIndex{0}}, shard_.random());
  logs_.change(
      [log, kind, params, now = metadata::HybridTime::from(shard_.wall_now())](
          Logs& logs) -> Result<bool> {
        if (logs.find(log) != nullptr) return false;
        if (logs.version.value == 0) logs.config.default_provider = kind;
        logs.logs.emplace(log, Chain::make(kind, params, now));
        return true;
      },
      [log, done = std::move(done)](Result<void> written) mutable {
        if (!written) return done(std::move(written).error().within(naming("creating", log)));
        done({});
      });
}

void Reconfigurer::find_tail(LogId log, int attempt, Completion<LogTail> done) {
  with_chain(log, [this, log, attempt, done = std::move(done)](Result<const Chain*> chain) mutable {
    if (!chain) return answer_later<LogTail>(std::move(done), std::move(chain).error());
    const Segment last = (*chain)->last();
    if (last.is_marker()) return answer_later<LogTail>(std::move(done), LogTail{last.base, true});
    segments_.open(log, last, [this, log, last, attempt, done = std::move(done)](
                                  Result<std::shared_ptr<Loglet>> loglet) mutable {
      if (!loglet) return done(std::move(loglet).error().within(naming("finding the tail of", log)));
      (*loglet)->find_tail(Completion<Tail>(
          shard_, scope_.bind([this, log, last, attempt, done = std::move(done)](
                                  Result<Tail> tail) mutable {
            if (!tail) return done(std::move(tail).error().within(naming("finding the tail of", log)));
            const Lsn end = last.lsn_of(tail->next);
            if (!tail->sealed) return done(LogTail{end, false});
            on_sealed_tail(log, last.index, end, attempt, std::move(done));
          })));
    });
  });
}

// The loglet is sealed and the chain may not know. Nobody may build on where it ends until the chain
// says so: only the chain's word is the same for everybody.
void Reconfigurer::on_sealed_tail(LogId log, SegmentIndex index, Lsn end, int attempt,
                                  Completion<LogTail> done) {
  if (attempt >= kMaxTailAttempts) {
    return done(Error{Code::kUnavailable, naming("finding the tail of", log) +
                                              ": it is reconfigured again and again"});
  }
  logs_.change(
      [log, index, end, marker = marker(kSealedByTail)](Logs& logs) -> Result<bool> {
        const auto chain = logs.logs.find(log);
        if (chain == logs.logs.end()) return unknown_log(log);
        if (chain->second.last().is_marker()) return false;
        RESTATE_TRY_VOID(chain->second.seal(index, end, marker));
        return true;
      },
      scope_.bind([this, log, attempt, done = std::move(done)](Result<void> written) mutable {
        if (!written && written.error().code != Code::kFailedPrecondition) {
          return done(std::move(written).error());
        }
        find_tail(log, attempt + 1, std::move(done));
      }));
}

void Reconfigurer::seal_tail(LogId log, Function<void(Result<SealedTail>)> next) {
  with_chain(log, [this, log, next = std::move(next)](Result<const Chain*> chain) mutable {
    if (!chain) return next(std::move(chain).error());
    const Segment last = (*chain)->last();
    if (last.is_marker()) return next(SealedTail{last.index, last.base});
    segments_.open(log, last, [this, log, last, next = std::move(next)](
                                  Result<std::shared_ptr<Loglet>> loglet) mutable {
      if (!loglet) return next(std::move(loglet).error());
      (*loglet)->seal(Completion<Tail>(
          shard_, scope_.bind([log, last, next = std::move(next)](Result<Tail> tail) mutable {
            if (!tail) return next(std::move(tail).error());
            next(SealedTail{last.index, last.lsn_of(tail->next)});
          })));
    });
  });
}

void Reconfigurer::seal(LogId log, int attempt, Completion<Lsn> done) {
  seal_tail(log, [this, log, attempt, done = std::move(done)](Result<SealedTail> tail) mutable {
    if (!tail) {
      return answer_later<Lsn>(std::move(done),
                               std::move(tail).error().within(naming("sealing", log)));
    }
    write_marker(log, *tail, attempt, std::move(done));
  });
}

void Reconfigurer::write_marker(LogId log, SealedTail tail, int attempt, Completion<Lsn> done) {
  auto end = std::make_shared<Lsn>();
  logs_.change(
      [log, tail, end, marker = marker(kSealedByRequest)](Logs& logs) -> Result<bool> {
        const auto found = logs.logs.find(log);
        if (found == logs.logs.end()) return unknown_log(log);
        Chain& chain = found->second;
        RESTATE_TRY(*end, chain.seal(tail.index, tail.end, marker));
        // A marker that only settled a tail becomes one that ends the log.
        SealMarker now = SealMarker::parse(chain.last().params);
        if (now == marker) return true;
        if (now.context[kSealSource] != kSealedByTail) return false;
        chain.segments.back().params = marker.to_params();
        return true;
      },
      scope_.bind([this, log, attempt, end, done = std::move(done)](Result<void> written) mutable {
        if (written) {
          shard_.log().info("bifrost", "sealed a log", {{"log", log.value}, {"end", end->value}});
          return done(*end);
        }
        const bool moved = written.error().code == Code::kFailedPrecondition;
        if (moved && attempt < kMaxTailAttempts) return seal(log, attempt + 1, std::move(done));
        done(std::move(written).error().within(naming("sealing", log)));
      }));
}

void Reconfigurer::seal_and_extend(LogId log, std::string provider, Completion<Lsn> done) {
  if (provider.empty()) provider = options_.default_provider;
  if (segments_.provider(provider) == nullptr) {
    return answer_later<Lsn>(
        std::move(done), Error{Code::kUnsupported, naming("extending", log) + ": no provider '" +
                                                       provider + "' on this node"});
  }
  seal_tail(log, [this, log, provider = std::move(provider),
                  done = std::move(done)](Result<SealedTail> tail) mutable {
    if (!tail) {
      return answer_later<Lsn>(std::move(done),
                               std::move(tail).error().within(naming("extending", log)));
    }
    extend(log, provider, *tail, std::move(done));
  });
}

void Reconfigurer::extend(LogId log, const std::string& provider, SealedTail tail,
                          Completion<Lsn> done) {
  const SegmentIndex next{tail.index.value + 1};
  const std::string params =
      segments_.provider(provider)->propose_params(LogletId{log, next}, shard_.random());
  logs_.change(
      [log, provider, params, tail, next, now = metadata::HybridTime::from(shard_.wall_now())](
          Logs& logs) -> Result<bool> {
        const auto found = logs.logs.find(log);
        if (found == logs.logs.end()) return unknown_log(log);
        Chain& chain = found->second;
        // Our own segment: an earlier attempt whose outcome we did not learn.
        if (chain.last().index == next && chain.last().params == params) return false;
        RESTATE_TRY_VOID(chain.extend(tail.index, tail.end, provider, params, now));
        return true;
      },
      scope_.bind([this, log, next, end = tail.end, done = std::move(done)](
                      Result<void> written) mutable {
        if (!written) return done(std::move(written).error().within(naming("extending", log)));
        shard_.log().info("bifrost", "a log goes on in a new segment",
                          {{"log", log.value}, {"segment", next.value}, {"base", end.value}});
        done(end);
      }));
}

}  // namespace restate::bifrost
