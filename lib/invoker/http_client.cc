#include "invoker/http_client.h"

#include "http/url.h"
#include "protocol/exchange.h"

#include <utility>

namespace restate::invoker {

namespace {

std::string_view hint(http::FailureKind kind) {
  switch (kind) {
    case http::FailureKind::kPeerSpeaksHttp1:
      return " (the endpoint speaks only HTTP/1.1: register it with use_http_11)";
    case http::FailureKind::kPeerSpeaksHttp2:
      return " (the endpoint speaks only HTTP/2)";
    default:
      return "";
  }
}

}  // namespace

class HttpDeploymentClient::Exchange final : public AttemptStream, public http::ClientExchange {
 public:
  Exchange(AttemptListener& listener, DeploymentMetrics::Type& metrics)
      : listener_(listener), metrics_(metrics) {}

  void start(http::Client& client, const http::Target& target, http::RequestHead head) {
    stream_ = client.start(target, std::move(head), *this);
  }
  /// There is nobody to talk to; says so in a turn of its own.
  void fail(Shard& shard, Error error) {
    shard.post(scope_.bind([this, error = std::move(error)] { listener_.on_error({error, {}}); }));
  }

  void send(ByteChain chain) override {
    if (!stream_) return;
    for (Bytes& bytes : chain) {
      metrics_.sent_bytes.add(bytes.size());
      stream_->write(std::move(bytes));
    }
  }
  void close_input() override {
    if (stream_) stream_->finish();
  }
  void pause() override {
    if (stream_) stream_->pause();
  }
  void resume() override {
    if (stream_) stream_->resume();
  }
  std::size_t unsent_bytes() const override { return stream_ ? stream_->unsent_bytes() : 0; }

  void on_head(const http::ResponseHead& head) override {
    metrics_.requests[head.status].add();
    protocol::ResponseHeadView view;
    view.status = head.status;
    view.content_type = head.headers.find("content-type");
    view.server = head.headers.find("x-restate-server");
    view.retry_after = head.headers.find("retry-after");
    listener_.on_head(view);
  }
  void on_data(Bytes data) override {
    metrics_.received_bytes.add(data.size());
    listener_.on_data(std::move(data));
  }
  void on_end() override { listener_.on_end(); }
  void on_drained() override { listener_.on_drained(); }
  void on_error(const http::Failure& failure) override {
    Error error = failure.error;
    error.message += hint(failure.kind);
    listener_.on_error({std::move(error), {}, failure.kind == http::FailureKind::kRefused});
  }

 private:
  AttemptListener& listener_;
  DeploymentMetrics::Type& metrics_;
  std::unique_ptr<http::ClientStream> stream_;
  Scope scope_;
};

HttpDeploymentClient::HttpDeploymentClient(Shard& shard, HttpDeploymentOptions options)
    : shard_(shard), options_(std::move(options)), client_(shard, options_.http) {}

HttpDeploymentClient::~HttpDeploymentClient() = default;

void HttpDeploymentClient::collect(MetricsSnapshot& out) {
  metrics_.collect(out);
  client_.stats().collect(out);
}

std::unique_ptr<AttemptStream> HttpDeploymentClient::open(const schema::Deployment& deployment,
                                                          AttemptRequest request,
                                                          AttemptListener& listener) {
  auto exchange = std::make_unique<Exchange>(listener, metrics_.of(request.bidi));
  const auto url = http::parse_url(deployment.uri);
  if (!url) {
    exchange->fail(shard_, url.error());
    return exchange;
  }
  http::Target target;
  target.tls = url->tls;
  target.host = url->host;
  target.port = url->port;
  target.protocol = deployment.http_version == schema::HttpVersion::kHttp2 ? http::Protocol::kHttp2
                                                                           : http::Protocol::kHttp1;

  const std::string path = protocol::invoke_path(request.target.service, request.target.handler);
  http::RequestHead head;
  head.method = "POST";
  head.target = url->target(path);
  head.authority = url->authority();
  head.scheme = url->tls ? "https" : "http";
  std::vector<wire::Header> headers =
      attempt_headers(options_, deployment, request, shard_.wall_now());
  head.headers.reserve(headers.size());
  for (wire::Header& header : headers) {
    head.headers.add(std::move(header.name), std::move(header.value));
  }
  exchange->start(client_, target, std::move(head));
  return exchange;
}

}  // namespace restate::invoker
