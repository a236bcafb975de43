#include "admin/discoverer.h"

#include "http/url.h"

#include <algorithm>

namespace restate::admin {
namespace {

schema::Options to_options(const protocol::ManifestOptions& from) {
  schema::Options options;
  options.inactivity_timeout_ms = from.inactivity_timeout_ms;
  options.abort_timeout_ms = from.abort_timeout_ms;
  options.journal_retention_ms = from.journal_retention_ms;
  options.idempotency_retention_ms = from.idempotency_retention_ms;
  options.workflow_completion_retention_ms = from.workflow_completion_retention_ms;
  options.enable_lazy_state = from.enable_lazy_state;
  options.ingress_private = from.ingress_private;
  options.retry_initial_ms = from.retry_initial_ms;
  options.retry_max_interval_ms = from.retry_max_interval_ms;
  options.retry_max_attempts = from.retry_max_attempts;
  options.retry_factor = from.retry_factor;
  options.retry_kill = from.retry_kill;
  return options;
}

schema::DiscoveredHandler to_handler(const protocol::ManifestHandler& from) {
  schema::DiscoveredHandler handler;
  handler.name = from.name;
  handler.type = from.type;
  if (from.input) {
    handler.input = {true, from.input->required, from.input->content_type, from.input->json_schema};
  }
  if (from.output) {
    handler.output = {true, from.output->content_type, from.output->set_content_type_if_empty,
                      from.output->json_schema};
  }
  handler.options = to_options(from.options);
  handler.documentation = from.options.documentation;
  handler.metadata = from.options.metadata;
  return handler;
}

schema::RegistryError to_error(const protocol::DiscoveryError& error) {
  return {error.status, std::string(protocol::to_string(error.code)), error.message};
}

}  // namespace

schema::Discovered to_discovered(const protocol::Manifest& manifest, schema::HttpVersion version) {
  schema::Discovered discovered;
  discovered.protocol_type = manifest.bidi ? schema::ProtocolType::kBidiStream
                                           : schema::ProtocolType::kRequestResponse;
  discovered.http_version = version;
  discovered.min_protocol = manifest.min_protocol;
  discovered.max_protocol = manifest.max_protocol;
  discovered.sdk_version = manifest.sdk_version;
  discovered.lambda_zstd = manifest.lambda_zstd;
  for (const protocol::ManifestService& from : manifest.services) {
    schema::DiscoveredService& service = discovered.services.emplace_back();
    service.name = from.name;
    service.type = from.type;
    service.options = to_options(from.options);
    service.documentation = from.options.documentation;
    service.metadata = from.options.metadata;
    for (const protocol::ManifestHandler& handler : from.handlers) {
      service.handlers.push_back(to_handler(handler));
    }
  }
  return discovered;
}

/// One discovery with its tries.
class HttpDiscoverer::Task final : private http::ClientExchange {
 public:
  Task(HttpDiscoverer& owner, DiscoveryRequest request, http::Url url,
       Completion<DiscoveryOutcome> done)
      : owner_(owner),
        request_(std::move(request)),
        url_(std::move(url)),
        done_(std::move(done)),
        timer_(owner.shard_.make_timer([this] { on_timer(); })) {}

  void start() {
    head_ = {};
    body_.clear();
    waiting_ = true;
    stream_ = owner_.client_.start(target(), request_head(), *this);
    stream_->finish();
    timer_->arm(owner_.shard_.now() + owner_.options_.timeout);
  }

 private:
  http::Target target() const {
    http::Target target;
    target.tls = url_.tls;
    target.host = url_.host;
    target.port = url_.port;
    target.protocol = request_.use_http11 ? http::Protocol::kHttp1
                      : url_.tls          ? http::Protocol::kAny
                                          : http::Protocol::kHttp2;
    return target;
  }

  http::RequestHead request_head() const {
    http::RequestHead head;
    head.method = "GET";
    head.target = url_.target(protocol::kDiscoverPath);
    head.authority = url_.authority();
    head.scheme = url_.tls ? "https" : "http";
    head.headers.add("accept", std::string(protocol::discover_accept()));
    const auto add = [&head](const std::vector<wire::Header>& headers) {
      for (const wire::Header& header : headers) head.headers.add(header.name, header.value);
    };
    add(owner_.options_.additional_headers);
    add(request_.address.additional_headers);
    if (owner_.options_.identity) {
      add(owner_.options_.identity->headers(protocol::kDiscoverPath, std::nullopt,
                                            owner_.shard_.wall_now()));
    }
    return head;
  }

  void on_head(const http::ResponseHead& head) override { head_ = head; }

  void on_data(Bytes data) override {
    if (body_.size() + data.size() > owner_.options_.max_body_bytes) {
      return fail("the answer is larger than " + std::to_string(owner_.options_.max_body_bytes) +
                      " bytes",
                  false);
    }
    body_ += data.view();
  }

  void on_end() override {
    if (protocol::retry_discovery(head_.status) && try_again()) return;
    std::vector<wire::Header> headers;
    for (const http::Header& header : head_.headers) headers.push_back({header.name, header.value});
    protocol::DiscoveryWay way;
    way.http_below_1_1 = head_.version == http::Version::kHttp10;
    auto parsed = protocol::parse_discovery(head_.status, headers, body_, way);
    if (auto* error = std::get_if<protocol::DiscoveryError>(&parsed)) {
      schema::RegistryError refused = to_error(*error);
      if (refused.status >= 500) refused.message += " (endpoint " + request_.address.uri + ")";
      return complete(std::move(refused));
    }
    complete(to_discovered(std::get<protocol::Manifest>(parsed),
                           head_.version == http::Version::kHttp2 ? schema::HttpVersion::kHttp2
                                                                  : schema::HttpVersion::kHttp11));
  }

  void on_error(const http::Failure& failure) override {
    using http::FailureKind;
    const bool speaks_http1 = failure.kind == FailureKind::kPeerSpeaksHttp1;
    // A handshake that was cut off or took too long may do better; one that was refused will not.
    const bool passing = failure.error.code == Code::kTimeout ||
                         failure.error.code == Code::kUnavailable;
    const bool for_good = speaks_http1 || failure.kind == FailureKind::kPeerSpeaksHttp2 ||
                          (failure.kind == FailureKind::kTls && !passing);
    if (!for_good && try_again()) return;
    fail(failure.error.message, speaks_http1);
  }

  void on_timer() {
    if (!waiting_) return start();
    if (!try_again()) fail("it did not answer in time", false);
  }

  /// Waits, then starts anew; false if there were enough tries.
  bool try_again() {
    if (tries_ >= protocol::kDiscoveryRetries) return false;
    Duration delay = protocol::kDiscoveryRetryDelay * (1 << tries_);
    // Up to a third more, lest those that failed together come back together.
    delay += Duration(static_cast<std::int64_t>(
        owner_.shard_.random().below(static_cast<std::uint64_t>(delay.count()) * 3 / 10)));
    ++tries_;
    waiting_ = false;
    stream_.reset();
    timer_->arm(owner_.shard_.now() + delay);
    return true;
  }

  void fail(const std::string& why, bool speaks_http1) {
    complete(to_error(protocol::discovery_unreachable(
        "endpoint " + request_.address.uri + ": " + why, speaks_http1)));
  }

  void complete(DiscoveryOutcome outcome) {
    timer_->cancel();
    stream_.reset();  // may be calling us; this is its last word
    auto done = std::move(done_);
    owner_.finish(*this);
    done(std::move(outcome));
  }

  HttpDiscoverer& owner_;
  DiscoveryRequest request_;
  http::Url url_;
  Completion<DiscoveryOutcome> done_;
  int tries_ = 0;
  bool waiting_ = false;  ///< for the endpoint, rather than for the next try
  http::ResponseHead head_;
  std::string body_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<http::ClientStream> stream_;
};

HttpDiscoverer::HttpDiscoverer(Shard& shard, http::Client& client, HttpDiscovererOptions options)
    : shard_(shard), client_(client), options_(std::move(options)) {}

HttpDiscoverer::~HttpDiscoverer() = default;

void HttpDiscoverer::discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) {
  const auto refuse = [&](schema::RegistryError error) {
    shard_.post([done = std::move(done), error = std::move(error)]() mutable {
      done(DiscoveryOutcome(std::move(error)));
    });
  };
  if (!request.address.lambda_arn.empty()) {
    return refuse(to_error(protocol::discovery_unreachable(
        "function " + request.address.lambda_arn + ": AWS Lambda is not available here", false)));
  }
  auto url = http::parse_url(request.address.uri);
  if (!url) return refuse({400, {}, "uri: " + url.error().message});
  tasks_.push_back(
      std::make_unique<Task>(*this, std::move(request), std::move(*url), std::move(done)));
  tasks_.back()->start();
}

void HttpDiscoverer::finish(Task& task) {
  shard_.post(scope_.bind([this, &task] {
    std::erase_if(tasks_, [&task](const auto& entry) { return entry.get() == &task; });
  }));
}

}  // namespace restate::admin
