#include "bifrost/logs_cache.h"

#include <restate/log.h>

#include <algorithm>
#include <utility>

namespace restate::bifrost {
namespace {

using metadata::HybridTime;
using metadata::VersionedValue;
using Value = std::optional<VersionedValue>;

Result<Logs> decode_checked(const Value& value) {
  if (!value) return Logs{};
  RESTATE_TRY(Logs logs, decode_logs(value->value));
  if (logs.version == value->version) return logs;
  return Error{Code::kCorrupt, "the Logs document says version " +
                                   std::to_string(logs.version.value) + ", the store " +
                                   std::to_string(value->version.value)};
}

}  // namespace

void LogsCache::start(Completion<void> done) {
  watch_ = store_.watch(kLogsKey, shard_,
                        scope_.bind([this](VersionedValue value) { install(value); }));
  refresh([done = std::move(done)](Result<void> read) mutable { done(std::move(read)); });
}

void LogsCache::refresh(Function<void(Result<void>)> done) {
  store_.get(kLogsKey, Completion<Value>(shard_, scope_.bind([this, done = std::move(done)](
                                                                 Result<Value> found) mutable {
               if (!found) return done(std::move(found).error().within("reading the logs"));
               if (*found) install(**found);
               if (failure_) return done(*failure_);
               done({});
             })));
}

void LogsCache::install(const VersionedValue& value) {
  if (value.version <= logs_.version) return;
  auto logs = decode_checked(value);
  if (!logs) {
    failure_ = std::move(logs).error();
    shard_.log().error("bifrost", "the logs cannot be read", {{"error", failure_->describe()}});
    return;
  }
  failure_.reset();
  logs_ = *std::move(logs);
  tell();
}

void LogsCache::tell() {
  telling_ = true;
  for (std::size_t i = 0; i < observers_.size(); ++i) {
    if (observers_[i] != nullptr) observers_[i]->on_logs();
  }
  telling_ = false;
  std::erase(observers_, nullptr);
}

void LogsCache::forget(LogsObserver& observer) {
  if (telling_) {
    std::replace(observers_.begin(), observers_.end(), &observer,
                 static_cast<LogsObserver*>(nullptr));
  } else {
    std::erase(observers_, &observer);
  }
}

void LogsCache::change(Change change, Function<void(Result<void>)> done) {
  queue_.push_back({std::move(change), std::move(done), {}});
  // Later in this turn: partitions are opened many at a time, and each may want a log.
  if (!std::exchange(gathering_, true)) {
    shard_.post(scope_.bind([this] {
      gathering_ = false;
      write_next();
    }));
  }
}

void LogsCache::write_next() {
  if (writing_ || queue_.empty()) return;
  writing_ = true;
  auto commands = std::make_shared<Commands>(std::move(queue_));
  queue_.clear();
  metadata::read_modify_write(
      store_, shard_, kLogsKey,
      [commands, &shard = shard_](const Value& now) -> Result<std::optional<Bytes>> {
        RESTATE_TRY(Logs logs, decode_checked(now));
        bool changed = false;
        for (Command& command : *commands) {
          Result<bool> result = command.change(logs);
          command.outcome = Result<void>();
          if (!result) {
            command.outcome = std::move(result).error();
          } else if (*result) {
            changed = true;
          }
        }
        if (!changed) return std::optional<Bytes>();
        ++logs.version.value;
        HybridTime stamp = HybridTime::from(shard.wall_now());
        if (logs.modified_at && stamp <= *logs.modified_at) stamp = {logs.modified_at->value + 1};
        logs.modified_at = stamp;
        return encode(logs);
      },
      Completion<Value>(shard_, scope_.bind([this, commands](Result<Value> written) {
                          on_written(*commands, std::move(written));
                        })));
}

void LogsCache::on_written(Commands& commands, Result<Value> written) {
  writing_ = false;
  if (written && *written) install(**written);
  // The next write starts before the answers: they may ask for more.
  Commands answered = std::move(commands);
  write_next();
  for (Command& command : answered) {
    if (!written) {
      command.done(written.error());
    } else {
      command.done(std::move(command.outcome));
    }
  }
}

}  // namespace restate::bifrost
