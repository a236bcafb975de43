#include <restate/bifrost/bifrost.h>

#include "bifrost/appender.h"
#include "bifrost/logs_cache.h"
#include "bifrost/open_segments.h"
#include "bifrost/reader.h"
#include "bifrost/reconfigurer.h"
#include "bifrost/record_spans.h"

#include <map>

namespace restate::bifrost {
namespace {

class BifrostImpl final : public Bifrost {
 public:
  BifrostImpl(Shard& shard, metadata::Store& metadata, BifrostOptions options)
      : shard_(shard),
        options_(std::move(options)),
        logs_(shard, metadata),
        segments_(shard),
        reconfigurer_(shard, logs_, segments_, options_) {}

  void add_provider(std::string kind, std::shared_ptr<LogletProvider> provider) override {
    segments_.add_provider(std::move(kind), std::move(provider));
  }

  void start(Completion<void> done) override { logs_.start(std::move(done)); }

  void ensure_log(LogId log, Completion<void> done) override {
    reconfigurer_.ensure_log(log, std::move(done));
  }

  void append(LogId log, RecordBatch batch, Completion<Lsn> done) override {
    auto& appender = appenders_[log];
    if (!appender) {
      appender = std::make_unique<Appender>(shard_, log, logs_, segments_, reconfigurer_);
    }
    if (auto refused = check(log, batch)) {
      return appender->refuse(*std::move(refused), std::move(done));
    }
    const std::size_t bytes = weight(batch);
    appender->append(std::make_shared<const RecordBatch>(std::move(batch)), bytes, std::move(done));
  }

  std::unique_ptr<ReadStream> read(LogId log, Lsn from, KeyRange keys,
                                   ReadListener& listener) override {
    return std::make_unique<Reader>(shard_, logs_, segments_, reconfigurer_,
                                    ReaderOptions{log, from, keys, options_.read_ahead_bytes},
                                    listener);
  }

  void find_tail(LogId log, Completion<LogTail> done) override {
    reconfigurer_.find_tail(log, std::move(done));
  }
  void trim_point(LogId log, Completion<Lsn> done) override {
    reconfigurer_.trim_point(log, std::move(done));
  }
  void trim(LogId log, Lsn upto, Completion<Lsn> done) override {
    reconfigurer_.trim(log, upto, std::move(done));
  }
  void seal(LogId log, Completion<Lsn> done) override { reconfigurer_.seal(log, std::move(done)); }
  void seal_and_extend(LogId log, std::string provider, Completion<Lsn> done) override {
    reconfigurer_.seal_and_extend(log, std::move(provider), std::move(done));
  }

 private:
  /// What is wrong with a batch, if anything: before a single record of it is written.
  std::optional<Error> check(LogId log, const RecordBatch& batch) const {
    const std::string what = "appending to log " + std::to_string(log.value);
    if (batch.empty()) return Error{Code::kInvalidArgument, what + ": there are no records"};
    for (const Record& record : batch) {
      if (record.body.size() <= options_.record_size_limit) continue;
      return Error{Code::kInvalidArgument, what + ": a record of " +
                                               std::to_string(record.body.size()) +
                                               " bytes is above the limit of " +
                                               std::to_string(options_.record_size_limit)};
    }
    return std::nullopt;
  }

  Shard& shard_;
  const BifrostOptions options_;
  LogsCache logs_;
  OpenSegments segments_;
  Reconfigurer reconfigurer_;
  std::map<LogId, std::unique_ptr<Appender>> appenders_;
};

}  // namespace

std::unique_ptr<Bifrost> make_bifrost(Shard& shard, metadata::Store& metadata,
                                      BifrostOptions options) {
  return std::make_unique<BifrostImpl>(shard, metadata, std::move(options));
}

}  // namespace restate::bifrost
