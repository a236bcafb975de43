#include "common/visibility.h"
#include "storage/memory/delays.h"
#include "storage/memory/image.h"

#include <restate/runtime.h>
#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::storage {
namespace {

Error failed_error() {
  return Error{Code::kFailed, "the log failed before and must be opened anew"};
}

}  // namespace

/// Does what the writer thread of a log on disk does, as tasks on the shards that call.
class RESTATE_HIDDEN MemoryLogWriter : public std::enable_shared_from_this<MemoryLogWriter> {
 public:
  explicit MemoryLogWriter(std::shared_ptr<MemoryDisk::Image> disk) : disk_(std::move(disk)) {
    // What an earlier process wrote without a sync is in the page cache, if the power stayed on.
    const std::lock_guard lock(disk_->mutex);
    while (!disk_->log.unsynced.empty()) disk_->log.synced();
    for (auto& [key, loglet] : disk_->log.loglets) loglet.accepted = loglet.durable;
  }

  /// A change of a loglet, or only a question about it.
  struct Request {
    LogletKey loglet;
    std::optional<LogChange> change;
    std::uint32_t first = 0;  ///< of an append
    Completion<void> done;
    Completion<LogletState> done_state;

    Shard& shard() const { return done ? done.shard() : done_state.shard(); }
    void answer(Result<LogletState> result) {
      if (done_state) return done_state(std::move(result));
      if (result) return done({});
      done(std::move(result).error());
    }
  };

  void submit(Request request) {
    Shard& shard = request.shard();
    const std::lock_guard lock(disk_->mutex);
    queue_.push_back(std::move(request));
    if (!std::exchange(writing_, true))
      shard.post([self = weak_from_this(), &shard] {
        if (auto alive = self.lock()) alive->begin(shard);
      });
  }

  Result<LogRead> read(LogletKey key, std::uint32_t from, std::size_t max_bytes) {
    const std::lock_guard lock(disk_->mutex);
    if (failed_) return failed_error();
    LogRead result;
    result.first = from;
    auto found = disk_->log.loglets.find(key);
    if (found == disk_->log.loglets.end()) {
      if (from > 0) return result;
      return Error{Code::kTrimmed, "reading loglet " + to_string(key) + ": offset 0 is no record"};
    }
    const LogletImage& loglet = found->second;
    if (from <= loglet.durable.trim_point) {
      return Error{Code::kTrimmed, "reading loglet " + to_string(key) + " at offset " +
                                       std::to_string(from) + ": trimmed up to " +
                                       std::to_string(loglet.durable.trim_point)};
    }
    std::size_t bytes = 0;
    for (std::uint32_t offset = from; offset < loglet.durable.next; ++offset) {
      if (loglet.corrupt.contains(offset)) {
        if (!result.records.empty()) break;
        return Error{Code::kCorrupt, "reading loglet " + to_string(key) + " at offset " +
                                         std::to_string(offset) + " in memory: bad checksum"};
      }
      const Bytes& record = loglet.records[offset - loglet.durable.trim_point - 1];
      bytes += record.size();
      if (!result.records.empty() && bytes > max_bytes) break;
      result.records.push_back(record);
    }
    return result;
  }

  /// Answers what is still waiting: nobody knows its outcome any more.
  void close() {
    std::vector<Request> unanswered;
    {
      const std::lock_guard lock(disk_->mutex);
      for (Pending& pending : writes_) unanswered.push_back(std::move(pending.request));
      for (Request& request : queue_) unanswered.push_back(std::move(request));
    }
    for (Request& request : unanswered) {
      // While the shard runs it must be told; after that, dropping does what is right.
      if (request.shard().unanswered_policy() != detail::Unanswered::kBug) continue;
      Shard& shard = request.shard();
      shard.post_remote([request = std::move(request)]() mutable {
        request.answer(Error{Code::kShutdown, "the log was closed"});
      });
    }
  }

 private:
  struct Pending {
    Request request;
    std::optional<Error> refused;
    bool writes = false;
  };

  /// Takes everything that waits and hands it to the disk.
  void begin(Shard& shard) {
    Duration delay{0};
    {
      const std::lock_guard lock(disk_->mutex);
      bool sync = false;
      for (Request& request : queue_) {
        writes_.push_back(accept(std::move(request)));
        sync = sync || writes_.back().writes;
      }
      queue_.clear();
      if (sync) delay = disk_->sync_time(shard.random());
    }
    if (delay.count() == 0) return finish(shard);
    delays_.run_after(shard, delay, [self = weak_from_this(), &shard] {
      if (auto alive = self.lock()) alive->finish(shard);
    });
  }

  Pending accept(Request request) {
    if (failed_) return {std::move(request), failed_error(), false};
    if (!request.change) return {std::move(request), std::nullopt, false};
    LogChange& change = *request.change;
    if (change.kind == LogChange::Kind::kRemove) {
      disk_->log.unsynced.push_back(change);
      disk_->log.loglets[request.loglet].accepted = LogletState{};
      return {std::move(request), std::nullopt, true};
    }
    LogletState& state = disk_->log.loglets[request.loglet].accepted;
    switch (change.kind) {
      case LogChange::Kind::kAppend:
        if (state.sealed) {
          return {std::move(request),
                  Error{Code::kSealed, "appending to loglet " + to_string(change.loglet) +
                                           ": it is sealed at " + std::to_string(state.next)},
                  false};
        }
        if (request.first != state.next) {
          return {std::move(request),
                  Error{Code::kInvalidArgument, "appending to loglet " + to_string(change.loglet) +
                                                    " at offset " + std::to_string(request.first) +
                                                    ": its next offset is " +
                                                    std::to_string(state.next)},
                  false};
        }
        if (change.records.size() >= UINT32_MAX - state.next) {
          return {std::move(request),
                  Error{Code::kSealed, "appending to loglet " + to_string(change.loglet) +
                                           ": its offsets are used up"},
                  false};
        }
        state.next += static_cast<std::uint32_t>(change.records.size());
        break;
      case LogChange::Kind::kSeal:
        state.sealed = true;
        break;
      case LogChange::Kind::kTrim:
        state.trim_point = std::max(state.trim_point, std::min(change.upto, state.next - 1));
        change.upto = state.trim_point;
        break;
      case LogChange::Kind::kRemove:
        break;
    }
    disk_->log.unsynced.push_back(std::move(change));
    return {std::move(request), std::nullopt, true};
  }

  void finish(Shard& shard) {
    struct Answers {
      Shard* shard;
      std::vector<std::pair<Request, Result<LogletState>>> list;
    };
    std::vector<Answers> answers;
    {
      const std::lock_guard lock(disk_->mutex);
      const bool sync = std::any_of(writes_.begin(), writes_.end(),
                                    [](const Pending& pending) { return pending.writes; });
      if (sync && !failed_) failed_ = !disk_->sync("writing the log");
      for (Pending& pending : writes_) {
        Result<LogletState> result = outcome(pending);
        Shard* of = &pending.request.shard();
        auto at = std::find_if(answers.begin(), answers.end(),
                               [of](const Answers& group) { return group.shard == of; });
        if (at == answers.end()) at = answers.insert(answers.end(), Answers{of, {}});
        at->list.emplace_back(std::move(pending.request), std::move(result));
      }
      writes_.clear();
      writing_ = !queue_.empty();
      if (writing_)
        shard.post([self = weak_from_this(), &shard] {
          if (auto alive = self.lock()) alive->begin(shard);
        });
    }
    for (Answers& group : answers) {
      Task answer = [list = std::move(group.list)]() mutable {
        for (auto& [request, result] : list) request.answer(std::move(result));
      };
      if (group.shard == &shard) {
        shard.post(std::move(answer));
      } else {
        group.shard->post_remote(std::move(answer));
      }
    }
  }

  Result<LogletState> outcome(Pending& pending) {
    if (pending.refused) return *pending.refused;
    if (failed_) return failed_error();
    if (pending.writes && !RESTATE_MUTATION("storage/log-sync-skipped")) disk_->log.synced();
    auto found = disk_->log.loglets.find(pending.request.loglet);
    return found == disk_->log.loglets.end() ? LogletState{} : found->second.durable;
  }

  std::shared_ptr<MemoryDisk::Image> disk_;
  std::vector<Request> queue_;   ///< arrived during the sync under way
  std::vector<Pending> writes_;  ///< the sync under way
  bool writing_ = false;
  bool failed_ = false;
  Delays delays_;
};

MemoryLogStore::MemoryLogStore(MemoryDisk& disk)
    : writer_(std::make_shared<MemoryLogWriter>(disk.image())) {}

MemoryLogStore::~MemoryLogStore() { writer_->close(); }

void MemoryLogStore::append(LogAppend append, Completion<void> done) {
  LogChange change{LogChange::Kind::kAppend, append.loglet, 0, std::move(append.records)};
  writer_->submit({append.loglet, std::move(change), append.first, std::move(done), {}});
}

void MemoryLogStore::seal(LogletKey loglet, Completion<LogletState> done) {
  writer_->submit(
      {loglet, LogChange{LogChange::Kind::kSeal, loglet, 0, {}}, 0, {}, std::move(done)});
}

void MemoryLogStore::trim(LogletKey loglet, std::uint32_t upto, Completion<LogletState> done) {
  writer_->submit(
      {loglet, LogChange{LogChange::Kind::kTrim, loglet, upto, {}}, 0, {}, std::move(done)});
}

void MemoryLogStore::state(LogletKey loglet, Completion<LogletState> done) {
  writer_->submit({loglet, std::nullopt, 0, {}, std::move(done)});
}

void MemoryLogStore::read(LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
                          Completion<LogRead> done) {
  Shard& shard = done.shard();
  shard.post([writer = writer_, loglet, from, max_bytes, done = std::move(done)]() mutable {
    done(writer->read(loglet, from, max_bytes));
  });
}

void MemoryLogStore::remove(LogletKey loglet, Completion<void> done) {
  writer_->submit(
      {loglet, LogChange{LogChange::Kind::kRemove, loglet, 0, {}}, 0, std::move(done), {}});
}

}  // namespace restate::storage
