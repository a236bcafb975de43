#include "admin/discoverer.h"

#include "admin/discovery_task.h"
#include "http/url.h"

#include <utility>

namespace restate::admin {
namespace {

/// How well an endpoint may do next time: a handshake that was cut off or took too long may pass,
/// one that was refused will not.
bool may_pass(const http::Failure& failure) {
  using http::FailureKind;
  if (failure.kind == FailureKind::kPeerSpeaksHttp1) return false;
  if (failure.kind == FailureKind::kPeerSpeaksHttp2) return false;
  return failure.kind != FailureKind::kTls || failure.error.code == Code::kTimeout ||
         failure.error.code == Code::kUnavailable;
}

protocol::OtherHttp other_http(http::FailureKind kind) {
  if (kind == http::FailureKind::kPeerSpeaksHttp1) return protocol::OtherHttp::kHttp1;
  if (kind == http::FailureKind::kPeerSpeaksHttp2) return protocol::OtherHttp::kHttp2;
  return protocol::OtherHttp::kNo;
}

class HttpTask final : public DiscoveryTask, private http::ClientExchange {
 public:
  HttpTask(Shard& shard, const DiscovererOptions& options, DiscoveryRequest request,
           Completion<DiscoveryOutcome> done, Function<void()> finished, http::Client& client,
           http::Url url)
      : DiscoveryTask(shard, options, std::move(request), std::move(done), std::move(finished)),
        client_(client),
        url_(std::move(url)) {}

 private:
  void ask() override {
    head_ = {};
    body_.clear();
    http::Target target;
    target.tls = url_.tls;
    target.host = url_.host;
    target.port = url_.port;
    target.protocol = request().use_http11 ? http::Protocol::kHttp1
                      : url_.tls           ? http::Protocol::kAny
                                           : http::Protocol::kHttp2;
    http::RequestHead head;
    head.method = "GET";
    head.target = url_.target(protocol::kDiscoverPath);
    head.authority = url_.authority();
    head.scheme = url_.tls ? "https" : "http";
    for (wire::Header& header : headers()) {
      head.headers.add(std::move(header.name), std::move(header.value));
    }
    stream_ = client_.start(target, std::move(head), *this);
    stream_->finish();
  }
  void give_up() override { stream_.reset(); }

  void on_head(const http::ResponseHead& head) override { head_ = head; }

  void on_data(Bytes data) override {
    if (body_.size() + data.size() > options().max_body_bytes) {
      return on_failure(
          "the answer is larger than " + std::to_string(options().max_body_bytes) + " bytes",
          false);
    }
    body_ += data.view();
  }

  void on_end() override {
    std::vector<wire::Header> headers;
    for (const http::Header& header : head_.headers) headers.push_back({header.name, header.value});
    protocol::DiscoveryWay way;
    way.http_below_1_1 = head_.version == http::Version::kHttp10;
    on_answer(head_.status, headers, body_,
              head_.version == http::Version::kHttp2 ? schema::HttpVersion::kHttp2
                                                     : schema::HttpVersion::kHttp11,
              way);
  }

  void on_error(const http::Failure& failure) override {
    on_failure(failure.error.message, may_pass(failure), other_http(failure.kind));
  }

  http::Client& client_;
  const http::Url url_;
  http::ResponseHead head_;
  std::string body_;
  std::unique_ptr<http::ClientStream> stream_;
};

class LambdaTask final : public DiscoveryTask {
 public:
  LambdaTask(Shard& shard, const DiscovererOptions& options, DiscoveryRequest request,
             Completion<DiscoveryOutcome> done, Function<void()> finished)
      : DiscoveryTask(shard, options, std::move(request), std::move(done), std::move(finished)) {}

 private:
  void ask() override {
    invoker::LambdaRequest call;
    call.arn = request().address.lambda_arn;
    call.assume_role_arn = request().address.assume_role_arn;
    call.method = "GET";
    call.path = protocol::kDiscoverPath;
    call.headers = headers();
    call_ = options().lambda->call(std::move(call), [this](invoker::LambdaOutcome outcome) {
      on_outcome(std::move(outcome));
    });
  }
  void give_up() override { call_.reset(); }

  void on_outcome(invoker::LambdaOutcome outcome) {
    if (const auto* failure = std::get_if<invoker::TransportFailure>(&outcome)) {
      const Code code = failure->error.code;
      return on_failure(failure->error.message, code == Code::kUnavailable ||
                                                    code == Code::kTimeout ||
                                                    code == Code::kOverloaded);
    }
    const auto& response = std::get<invoker::LambdaResponse>(outcome);
    on_answer(response.status, response.headers, response.body.view(), schema::HttpVersion::kHttp11,
              {.lambda = true});
  }

  std::unique_ptr<invoker::LambdaCall> call_;
};

}  // namespace

NetworkDiscoverer::NetworkDiscoverer(Shard& shard, http::Client& client, DiscovererOptions options)
    : shard_(shard), client_(client), options_(std::move(options)) {}

NetworkDiscoverer::~NetworkDiscoverer() = default;

void NetworkDiscoverer::discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) {
  const auto refuse = [&](schema::RegistryError error) {
    shard_.post([done = std::move(done), error = std::move(error)]() mutable {
      done(DiscoveryOutcome(std::move(error)));
    });
  };
  const std::uint64_t id = next_id_++;
  // In a later task: it is the task that says so.
  auto finished = [this, id] { shard_.post(scope_.bind([this, id] { tasks_.erase(id); })); };
  std::unique_ptr<DiscoveryTask> task;
  if (!request.address.lambda_arn.empty()) {
    if (options_.lambda == nullptr) {
      const auto error = protocol::discovery_unreachable("function " + request.address.lambda_arn +
                                                         ": AWS Lambda is not available here");
      return refuse({error.status, std::string(to_string(error.code)), error.message});
    }
    task = std::make_unique<LambdaTask>(shard_, options_, std::move(request), std::move(done),
                                        std::move(finished));
  } else {
    auto url = http::parse_url(request.address.uri);
    if (!url) return refuse({400, {}, "uri: " + url.error().message});
    task = std::make_unique<HttpTask>(shard_, options_, std::move(request), std::move(done),
                                      std::move(finished), client_, std::move(*url));
  }
  tasks_.emplace(id, std::move(task)).first->second->start();
}

}  // namespace restate::admin
