#include "common/metrics.h"
#include "runtime/stopwatch.h"
#include "runtime/thread.h"
#include "storage/segment_log/segment_log.h"

#include <restate/runtime.h>
#include <restate/storage/segment_log.h>

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace restate::storage {
namespace {

/// A call that waits for the writer.
struct Request {
  enum class Kind : std::uint8_t { kAppend, kSeal, kTrim, kState, kRemove };
  Kind kind = Kind::kState;
  LogAppend append;        ///< names the loglet, for every kind
  std::uint32_t upto = 0;  ///< of a trim
  std::size_t bytes = 0;   ///< of an append
  Completion<void> done;
  Completion<LogletState> done_state;
  std::optional<Error> refused;

  Shard& shard() const { return done ? done.shard() : done_state.shard(); }
  void answer(Result<LogletState> result) {
    if (done_state) return done_state(std::move(result));
    if (result) return done({});
    done(std::move(result).error());
  }
};

class SegmentLogStore final : public LogStore {
 public:
  SegmentLogStore(std::unique_ptr<SegmentLog> log, SegmentLogOptions options)
      : log_(std::move(log)),
        options_(std::move(options)),
        writer_(start_thread("log-writer", [this] { run(); })) {}

  ~SegmentLogStore() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
    log_->unlock();  // a read under way keeps the files open, not the directory
  }

  void append(LogAppend append, Completion<void> done) override {
    Request request;
    request.kind = Request::Kind::kAppend;
    request.bytes = total_size(append.records);
    request.append = std::move(append);
    request.done = std::move(done);
    submit(std::move(request));
  }
  void seal(LogletKey loglet, Completion<LogletState> done) override {
    submit(Request::Kind::kSeal, loglet, 0, std::move(done));
  }
  void trim(LogletKey loglet, std::uint32_t upto, Completion<LogletState> done) override {
    submit(Request::Kind::kTrim, loglet, upto, std::move(done));
  }
  void state(LogletKey loglet, Completion<LogletState> done) override {
    submit(Request::Kind::kState, loglet, 0, std::move(done));
  }
  void remove(LogletKey loglet, Completion<void> done) override {
    Request request;
    request.kind = Request::Kind::kRemove;
    request.append.loglet = loglet;
    request.done = std::move(done);
    submit(std::move(request));
  }

  void read(LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
            Completion<LogRead> done) override {
    Shard& shard = done.shard();
    auto outcome = std::make_shared<Result<LogRead>>(LogRead{});
    shard.run_blocking(
        [log = log_, failed = failed_, loglet, from, max_bytes, outcome] {
          if (failed->load(std::memory_order_acquire)) {
            *outcome = failed_error();
          } else {
            *outcome = log->read(loglet, from, max_bytes);
          }
        },
        [outcome, done = std::move(done)]() mutable { done(std::move(*outcome)); });
  }

  void collect(MetricsSnapshot& out) override {
    const std::lock_guard lock(mutex_);
    out.counter("log_server_store_records_total", {{"status", "ok"}}, stored_records_);
    out.counter("log_server_store_bytes_total", {{"status", "ok"}}, stored_bytes_);
    out.summary("log_server_write_batch_size_bytes", {}, batches_);
    out.durations("bifrost_sequencer_store_duration_seconds", {}, syncs_);
  }

 private:
  struct Answers {
    Shard* shard;
    std::vector<std::pair<Request, Result<LogletState>>> list;
  };

  static Error failed_error() {
    return Error{Code::kFailed, "the log failed before and must be opened anew"};
  }

  void submit(Request::Kind kind, LogletKey loglet, std::uint32_t upto,
              Completion<LogletState> done) {
    Request request;
    request.kind = kind;
    request.append.loglet = loglet;
    request.upto = upto;
    request.done_state = std::move(done);
    submit(std::move(request));
  }

  void submit(Request request) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (queued_bytes_ + request.bytes > options_.queue_bytes && !queue_.empty()) {
        // Answered in its turn, so that answers keep their order.
        request.refused = Error{Code::kOverloaded, "appending: too much waits for the disk"};
        request.append.records.clear();
        request.bytes = 0;
      }
      queued_bytes_ += request.bytes;
      queue_.push_back(std::move(request));
      wake = std::exchange(sleeping_, false);
    }
    if (wake) wake_.notify_one();
  }

  /// The writer: takes everything that waits, again and again. What arrives during a sync is the
  /// next batch, so nobody has to guess how long to gather.
  void run() {
    std::vector<Request> batch;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        while (queue_.empty() && !stopping_) {
          sleeping_ = true;
          wake_.wait(lock);
        }
        sleeping_ = false;
        if (queue_.empty()) return;
        batch.swap(queue_);
        queued_bytes_ = 0;
      }
      write(batch);
      batch.clear();
    }
  }

  void write(std::vector<Request>& batch) {
    for (Request& request : batch) {
      if (request.refused) continue;
      if (failed()) break;
      auto staged = stage(request);
      if (staged) continue;
      if (staged.error().code == Code::kFailed) {
        fail(staged.error());
      } else {
        request.refused = std::move(staged).error();
      }
    }
    if (!failed()) {
      Stopwatch watch;
      auto committed = log_->commit();
      if (!committed) fail(committed.error());
      count(batch, watch.lap());
    }
    answer(batch);
    if (failed()) return;
    auto tidied = log_->tidy();
    if (!tidied) fail(tidied.error());
  }

  void count(const std::vector<Request>& batch, Duration took) {
    std::size_t bytes = 0, records = 0;
    for (const Request& request : batch) {
      if (request.refused) continue;
      bytes += request.bytes;
      records += request.append.records.size();
    }
    if (records == 0) return;
    const std::lock_guard lock(mutex_);
    stored_records_.add(records);
    stored_bytes_.add(bytes);
    batches_.record(bytes);
    syncs_.record(took);
  }

  Result<void> stage(const Request& request) {
    const LogletKey loglet = request.append.loglet;
    switch (request.kind) {
      case Request::Kind::kAppend:
        return log_->append(request.append);
      case Request::Kind::kSeal:
        return log_->seal(loglet);
      case Request::Kind::kTrim:
        return log_->trim(loglet, request.upto);
      case Request::Kind::kState:
        return {};
      case Request::Kind::kRemove:
        return log_->remove(loglet);
    }
    RESTATE_UNREACHABLE();
  }

  /// One message per shard, however many calls it answers: waking a loop is what costs.
  void answer(std::vector<Request>& batch) {
    std::vector<Answers> answers;
    for (Request& request : batch) {
      Result<LogletState> result = outcome(request);
      request.append.records.clear();
      Shard* shard = &request.shard();
      auto at = std::find_if(answers.begin(), answers.end(),
                             [shard](const Answers& group) { return group.shard == shard; });
      if (at == answers.end()) at = answers.insert(answers.end(), Answers{shard, {}});
      at->list.emplace_back(std::move(request), std::move(result));
    }
    for (Answers& group : answers) {
      group.shard->post_remote([list = std::move(group.list)]() mutable {
        for (auto& [request, result] : list) request.answer(std::move(result));
      });
    }
  }

  Result<LogletState> outcome(Request& request) {
    if (request.refused) return std::move(*request.refused);
    if (failed()) return failed_error();
    return log_->state(request.append.loglet);
  }

  bool failed() const { return failed_->load(std::memory_order_acquire); }

  void fail(const Error& error) {
    if (failed_->exchange(true, std::memory_order_acq_rel)) return;
    if (options_.on_failure) options_.on_failure(error);
  }

  const std::shared_ptr<SegmentLog> log_;
  SegmentLogOptions options_;
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Request> queue_;
  std::size_t queued_bytes_ = 0;
  bool sleeping_ = false;
  bool stopping_ = false;
  // Under the mutex as well.
  Counter stored_records_, stored_bytes_;
  Distribution batches_, syncs_;
  std::thread writer_;  ///< last: it uses the others
};

/// The kernel has random bits by the time that a program with threads runs.
Result<FrameKey> key_of(const SegmentLogOptions& options) {
  FrameKey key{options.key};
  if (key.value != 0) return key;
  if (getrandom(&key.value, sizeof key.value, 0) == sizeof key.value) return key;
  return Error{Code::kFailed, "opening the log: the system gives no random numbers"};
}

}  // namespace

Result<std::unique_ptr<LogStore>> open_segment_log(const std::string& directory,
                                                   SegmentLogOptions options) {
  FileLayer& files = options.files != nullptr ? *options.files : posix_files();
  RESTATE_TRY(const FrameKey key, key_of(options));
  RESTATE_TRY(auto log, SegmentLog::open(files, directory,
                                         {.segment_bytes = options.segment_bytes,
                                          .spare_segments = options.spare_segments,
                                          .write_bytes = options.write_bytes,
                                          .sync = !options.lose_records_on_power_failure,
                                          .key = key},
                                         std::move(options.on_locked)));
  return std::unique_ptr<LogStore>(
      std::make_unique<SegmentLogStore>(std::move(log), std::move(options)));
}

}  // namespace restate::storage
