#include "invoker/lambda_client.h"

#include "invoker/options.h"
#include "protocol/exchange.h"

#include <utility>

namespace restate::invoker {

namespace {

std::optional<std::string_view> find(const std::vector<wire::Header>& headers,
                                     std::string_view name) {
  for (const wire::Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

}  // namespace

class LambdaDeploymentClient::Exchange final : public AttemptStream {
 public:
  Exchange(Shard& shard, LambdaClient* lambda, LambdaRequest request, AttemptListener& listener,
           DeploymentMetrics::Type& metrics)
      : shard_(shard),
        lambda_(lambda),
        request_(std::move(request)),
        listener_(listener),
        metrics_(metrics) {
    if (lambda_ == nullptr) {
      fail(
          {{Code::kUnsupported, "AWS Lambda is not available here: function " + request_.arn}, {}});
    }
  }
  ~Exchange() override {
    if (destroyed_ != nullptr) *destroyed_ = true;
  }

  void send(ByteChain chain) override {
    if (closed_) return;
    for (Bytes& bytes : chain) {
      bytes_ += bytes.size();
      metrics_.sent_bytes.add(bytes.size());
      request_.body.push_back(std::move(bytes));
    }
    if (bytes_ <= kLambdaBodyBytes) return;
    TransportFailure failure;
    failure.error = {Code::kInvalidArgument, "the journal is too long for a function: more than " +
                                                 std::to_string(kLambdaBodyBytes) + " bytes"};
    failure.code = protocol::DocCode::kPayloadTooLarge;
    fail(std::move(failure));
  }

  void close_input() override {
    if (std::exchange(closed_, true)) return;
    call_ = lambda_->call(std::move(request_),
                          [this](LambdaOutcome outcome) { on_outcome(std::move(outcome)); });
  }

  /// Nothing ever drains: the replay must not wait for that.
  std::size_t unsent_bytes() const override { return 0; }

 private:
  /// In a turn of its own.
  void fail(TransportFailure failure) {
    if (std::exchange(closed_, true)) return;
    request_.body.clear();
    shard_.post(scope_.bind([this, failure = std::move(failure)] { listener_.on_error(failure); }));
  }

  void on_outcome(LambdaOutcome outcome) {
    if (const auto* failure = std::get_if<TransportFailure>(&outcome)) {
      return listener_.on_error(*failure);
    }
    auto& response = std::get<LambdaResponse>(outcome);
    bool destroyed = false;
    destroyed_ = &destroyed;
    protocol::ResponseHeadView head;
    head.status = response.status;
    metrics_.requests[response.status].add();
    metrics_.received_bytes.add(response.body.size());
    head.content_type = find(response.headers, "content-type");
    head.server = find(response.headers, "x-restate-server");
    head.retry_after = find(response.headers, "retry-after");
    listener_.on_head(head);
    if (destroyed) return;
    if (!response.body.empty()) listener_.on_data(std::move(response.body));
    if (destroyed) return;
    destroyed_ = nullptr;
    listener_.on_end();
  }

  Shard& shard_;
  LambdaClient* lambda_;
  LambdaRequest request_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  AttemptListener& listener_;
  DeploymentMetrics::Type& metrics_;
  bool* destroyed_ = nullptr;  ///< set in the destructor, between two calls of the listener
  std::unique_ptr<LambdaCall> call_;
  Scope scope_;
};

std::unique_ptr<AttemptStream> LambdaDeploymentClient::open(const schema::Deployment& deployment,
                                                            AttemptRequest request,
                                                            AttemptListener& listener) {
  LambdaRequest call;
  call.arn = deployment.lambda_arn;
  call.assume_role_arn = deployment.assume_role_arn;
  call.method = "POST";
  call.path = protocol::invoke_path(request.target.service, request.target.handler);
  call.headers = attempt_headers(options_, deployment, request, shard_.wall_now());
  call.zstd = deployment.lambda_zstd;
  return std::make_unique<Exchange>(shard_, lambda_, std::move(call), listener, metrics_.lambda);
}

}  // namespace restate::invoker
