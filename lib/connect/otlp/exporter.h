#pragma once

/// \file
/// Sends the spans of one shard to a collector, in batches, one request at a time. It holds a bounded
/// number of spans and of their bytes: a collector that is slow or away costs spans, never an
/// invocation.

#include "connect/otlp/target.h"
#include "common/metrics.h"
#include "common/trace.h"
#include "http/client.h"

#include <restate/runtime.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace restate::connect::otlp {

struct ExporterOptions {
  Target target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<trace::Attribute> resource;
  http::TlsConnector* tls = nullptr;
  std::size_t queue = 4096;  ///< spans that wait
  std::size_t queue_bytes = std::size_t{16} << 20;
  std::size_t batch = 512;
  /// Collectors take messages of 4 MiB; a larger span goes alone.
  std::size_t batch_bytes = std::size_t{1} << 20;
  Duration interval = std::chrono::seconds(5);  ///< a batch that is not full leaves after this
  Duration timeout = std::chrono::seconds(10);  ///< of a request
  Duration first_retry = std::chrono::seconds(1);
  Duration last_retry = std::chrono::seconds(30);
  Duration closing = std::chrono::seconds(2);  ///< for what is left when the node stops
};

class Exporter final : public trace::Sink, private http::ClientExchange {
 public:
  Exporter(Shard& shard, ExporterOptions options);
  ~Exporter() override;

  std::uint64_t now_ns() override;
  void emit(trace::Span span) override;
  void collect(MetricsSnapshot& out) override;
  void close(Function<void()> done) override;

 private:
  struct Waiting {
    trace::Span span;
    std::size_t bytes = 0;
  };

  void on_head(const http::ResponseHead& head) override;
  void on_data(Bytes) override {}
  void on_end() override;
  void on_error(const http::Failure& failure) override;

  bool idle() const { return !stream_ && !retry_->armed(); }
  bool has_batch() const {
    return queue_.size() >= options_.batch || queued_bytes_ >= options_.batch_bytes;
  }
  void send();
  void start_request();
  /// The request is over. `again`: the same batch may do better later.
  void finish(const std::string& trouble, bool again);
  void next();
  void finish_closing();

  Shard& shard_;
  const ExporterOptions options_;
  http::Client client_;
  std::deque<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  std::vector<trace::Span> batch_;  ///< on its way
  Bytes body_;
  std::unique_ptr<http::ClientStream> stream_;
  int status_ = 0;
  std::string grpc_status_;
  bool grpc_details_ = false;
  std::unique_ptr<Timer> flush_, timeout_, retry_, closing_;
  Duration wait_{};
  bool in_trouble_ = false;
  Function<void()> closed_;
  Counter exported_, dropped_, failed_;
  Scope scope_;
};

}  // namespace restate::connect::otlp
