#include "connect/otlp/exporter.h"

#include "connect/otlp/encode.h"

#include <restate/log.h>

#include <algorithm>
#include <chrono>

namespace restate::connect::otlp {
namespace {

/// Of a text in a span. Names and messages are users' texts, and may be of any length.
constexpr std::size_t kTextBytes = 4096;

std::size_t trim(std::string& text) {
  if (text.size() > kTextBytes) {
    text.resize(kTextBytes);
    text.shrink_to_fit();
  }
  return text.size();
}

std::size_t trim(std::vector<trace::Attribute>& attributes) {
  std::size_t bytes = 0;
  for (trace::Attribute& attribute : attributes) {
    bytes += sizeof attribute + attribute.key.size();
    if (auto* text = std::get_if<std::string>(&attribute.value)) bytes += trim(*text);
  }
  return bytes;
}

/// Cuts texts that are too long; answers what the span costs, in memory and, by and large, in bytes on
/// its way.
std::size_t trim(trace::Span& span) {
  std::size_t bytes = sizeof span + trim(span.name) + trim(span.message) + trim(span.attributes) +
                      span.context.state.size();
  for (trace::Event& event : span.events) {
    bytes += sizeof event + trim(event.name) + trim(event.attributes);
  }
  for (trace::Link& link : span.links) {
    bytes += sizeof link + link.state.size() + trim(link.attributes);
  }
  return bytes;
}

http::ClientOptions client_options(const ExporterOptions& options) {
  http::ClientOptions client;
  client.tls = options.tls;
  client.ping_interval = {};  // servers of gRPC do not like to be pinged
  client.idle_timeout = std::chrono::minutes(1);
  return client;
}

std::string body_of(const ExporterOptions& options, const std::vector<trace::Span>& spans) {
  if (options.target.transport == Transport::kJson) return encode_json(options.resource, spans);
  std::string message = encode_protobuf(options.resource, spans);
  if (options.target.transport == Transport::kProtobuf) return message;
  std::string framed(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>(message.size() >> shift));
  }
  return framed + message;
}

const char* content_type(Transport transport) {
  switch (transport) {
    case Transport::kGrpc:
      return "application/grpc";
    case Transport::kProtobuf:
      return "application/x-protobuf";
    case Transport::kJson:
      return "application/json";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Exporter::Exporter(Shard& shard, ExporterOptions options)
    : shard_(shard),
      options_(std::move(options)),
      client_(shard, client_options(options_)),
      flush_(shard.make_timer([this] { send(); })),
      timeout_(shard.make_timer([this] { finish("no answer in time", true); })),
      retry_(shard.make_timer([this] { start_request(); })),
      closing_(shard.make_timer([this] { finish_closing(); })) {}

Exporter::~Exporter() { stream_.reset(); }

std::uint64_t Exporter::now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

void Exporter::emit(trace::Span span) {
  const std::size_t bytes = trim(span);
  if (queue_.size() >= options_.queue || queued_bytes_ + bytes > options_.queue_bytes) {
    return dropped_.add();
  }
  queue_.push_back({std::move(span), bytes});
  queued_bytes_ += bytes;
  if (!idle()) return;
  if (has_batch() || closed_) {
    flush_->cancel();
    shard_.post(scope_.bind([this] { send(); }));
  } else if (!flush_->armed()) {
    flush_->arm(shard_.now() + options_.interval);
  }
}

void Exporter::send() {
  if (!idle() || queue_.empty()) return;
  batch_.clear();
  std::size_t bytes = 0;
  while (!queue_.empty() && batch_.size() < options_.batch) {
    Waiting& next = queue_.front();
    if (!batch_.empty() && bytes + next.bytes > options_.batch_bytes) break;
    bytes += next.bytes;
    batch_.push_back(std::move(next.span));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  body_ = Bytes(body_of(options_, batch_));
  start_request();
}

void Exporter::start_request() {
  const http::Url& url = options_.target.url;
  const bool grpc = options_.target.transport == Transport::kGrpc;
  http::Target target;
  target.tls = url.tls;
  target.host = url.host;
  target.port = url.port;
  target.protocol = grpc ? http::Protocol::kHttp2 : http::Protocol::kHttp1;
  http::RequestHead head;
  head.method = "POST";
  head.target = url.query.empty() ? url.path : url.path + "?" + url.query;
  head.authority = url.authority();
  head.headers.add("content-type", content_type(options_.target.transport));
  if (grpc) head.headers.add("te", "trailers");
  for (const auto& [name, value] : options_.headers) head.headers.add(name, value);
  status_ = 0;
  grpc_status_.clear();
  grpc_details_ = false;
  stream_ = client_.start(target, std::move(head), *this);
  stream_->write(body_);
  stream_->finish();
  timeout_->arm(shard_.now() + options_.timeout);
}

void Exporter::on_head(const http::ResponseHead& head) {
  status_ = head.status;
  // Of an answer that is only an error; else it would be in the trailers.
  grpc_status_ = head.headers.find("grpc-status").value_or("");
  grpc_details_ = head.headers.find("grpc-status-details-bin").has_value();
}

void Exporter::on_end() {
  if (status_ / 100 != 2) {
    const bool again = status_ == 429 || (status_ >= 502 && status_ <= 504);
    return finish("the collector answered " + std::to_string(status_), again);
  }
  if (!grpc_status_.empty() && grpc_status_ != "0") {
    // Unavailable; or exhausted, by someone who says more about it, which is when to come back. Without
    // that it is the batch that is too large, and it always will be.
    const bool again = grpc_status_ == "14" || (grpc_status_ == "8" && grpc_details_);
    return finish("the collector answered with gRPC status " + grpc_status_, again);
  }
  finish({}, false);
}

void Exporter::on_error(const http::Failure& failure) { finish(failure.error.message, true); }

void Exporter::finish(const std::string& trouble, bool again) {
  timeout_->cancel();
  stream_.reset();
  if (trouble.empty()) {
    exported_.add(batch_.size());
  } else if (!std::exchange(in_trouble_, true)) {
    // Once, and not for every batch: what is lost shows in the metrics. Some collectors take their key
    // in the path or behind it.
    shard_.log().warn("connect", "traces cannot be exported",
                      {{"endpoint", options_.target.url.authority()}, {"error", trouble}});
  }
  if (trouble.empty() && std::exchange(in_trouble_, false)) {
    shard_.log().info("connect", "traces are exported again");
  }
  if (again && !closed_) {
    wait_ = std::clamp(wait_ * 2, options_.first_retry, options_.last_retry);
    return retry_->arm(shard_.now() + wait_);
  }
  if (!trouble.empty()) failed_.add(batch_.size());
  wait_ = {};
  batch_.clear();
  body_ = {};
  next();
}

void Exporter::next() {
  if (closed_) {
    if (queue_.empty()) return finish_closing();
    return send();
  }
  if (has_batch()) return send();
  if (!queue_.empty()) flush_->arm(shard_.now() + options_.interval);
}

void Exporter::close(Function<void()> done) {
  closed_ = std::move(done);
  flush_->cancel();
  closing_->arm(shard_.now() + options_.closing);
  if (retry_->armed()) {  // one last try
    retry_->cancel();
    return start_request();
  }
  if (!stream_) shard_.post(scope_.bind([this] { next(); }));
}

void Exporter::finish_closing() {
  closing_->cancel();
  timeout_->cancel();
  stream_.reset();
  if (closed_) shard_.post(std::exchange(closed_, nullptr));
}

void Exporter::collect(MetricsSnapshot& out) {
  out.counter("trace_spans_total", {{"outcome", "exported"}}, exported_);
  out.counter("trace_spans_total", {{"outcome", "dropped"}}, dropped_);
  out.counter("trace_spans_total", {{"outcome", "failed"}}, failed_);
}

}  // namespace restate::connect::otlp
