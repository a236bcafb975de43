#include "connect/lambda.h"

#include "connect/aws/credential_cache.h"
#include "connect/aws/curl_transfers.h"
#include "connect/aws/lambda_exchange.h"

#include <restate/lambda.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

namespace restate::connect {
namespace {

using aws::CredentialKey;
using aws::Credentials;
using aws::HttpAnswer;
using aws::HttpQuery;
using invoker::LambdaOutcome;

WallTime wall_now() {
  return {static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count())};
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string variable(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

aws::TransferOptions transfer_options(const LambdaOptions& options) {
  aws::TransferOptions transfers;
  transfers.connect_timeout = options.connect_timeout;
  transfers.proxy = options.proxy;
  transfers.no_proxy = options.no_proxy;
  transfers.ca_file = variable(options.environment, "AWS_CA_BUNDLE");
  if (transfers.ca_file.empty()) transfers.ca_file = variable(options.environment, "SSL_CERT_FILE");
  return transfers;
}

/// One call on its way through the threads. Only its outcome goes back to the shard.
struct LambdaJob {
  invoker::LambdaRequest request;
  CredentialKey key;
  aws::Abandoned abandoned = std::make_shared<std::atomic<bool>>(false);
  Shard& shard;
  Function<void(LambdaOutcome)> done;  ///< bound to the life of the call; runs on the shard

  void finish(LambdaOutcome outcome) {
    if (*abandoned) return;
    shard.post_remote([done = std::move(done), outcome = std::move(outcome)]() mutable {
      done(std::move(outcome));
    });
  }
};

class CurlLambda final : public Lambda {
 public:
  explicit CurlLambda(LambdaOptions options)
      : options_(std::move(options)),
        transfers_(transfer_options(options_)),
        credentials_(std::make_unique<aws::CredentialLoader>(
                         aws::CredentialOptions{options_.environment, options_.profile,
                                                options_.external_id},
                         [this](const HttpQuery& query) { return transfers_.fetch(query); },
                         read_file, wall_now),
                     wall_now) {}

  ~CurlLambda() override {
    transfers_.stop();  // first: the thread that fetches credentials may be waiting for it
    credentials_.stop();
  }

  std::unique_ptr<invoker::LambdaClient> make_client(Shard& shard) override;

  void begin(const std::shared_ptr<LambdaJob>& job) {
    credentials_.get(job->key, [this, job](const Result<Credentials>& credentials) {
      transfers_.post([this, job, credentials] { send(job, credentials); });
    });
  }
  void wake() { transfers_.wake(); }

 private:
  /// On the thread of the transfers, which compresses, encodes and signs so that no shard has to.
  void send(const std::shared_ptr<LambdaJob>& job, const Result<Credentials>& credentials) {
    if (*job->abandoned) return;
    const std::string arn = job->request.arn;
    if (!credentials) return job->finish(aws::judge_invocation(arn, credentials.error()));
    HttpQuery query = aws::make_invoke_query(
        aws::endpoint_of(options_.environment, "lambda", job->key.partition, job->key.region),
        job->request, options_.compression_threshold);
    job->request.body.clear();
    const auto signature = aws::sign(query, {*credentials, job->key.region, "lambda", wall_now()});
    if (!signature) return job->finish(aws::judge_invocation(arn, signature.error()));
    transfers_.start(std::move(query), job->abandoned,
                     [this, job, access_key = credentials->access_key](Result<HttpAnswer> answer) {
                       if (aws::refuses_credentials(answer))
                         credentials_.forget(job->key, access_key);
                       job->finish(aws::judge_invocation(job->request.arn, answer));
                     });
  }

  const LambdaOptions options_;
  aws::CurlTransfers transfers_;
  aws::CredentialCache credentials_;
};

class RunningCall final : public invoker::LambdaCall {
 public:
  RunningCall(CurlLambda& lambda, Shard& shard, invoker::LambdaRequest request,
              Function<void(LambdaOutcome)> done)
      : lambda_(lambda), done_(std::move(done)) {
    auto arn = protocol::parse_lambda_arn(request.arn);
    if (!arn) {
      shard.post(scope_.bind([this, error = arn.error()] {
        tell(invoker::TransportFailure{.error = error, .retry_after = {}});
      }));
      return;
    }
    CredentialKey key{request.assume_role_arn.value_or(""), arn->partition, arn->region};
    job_ = std::shared_ptr<LambdaJob>(new LambdaJob{
        .request = std::move(request),
        .key = std::move(key),
        .shard = shard,
        .done = scope_.bind([this](LambdaOutcome outcome) { tell(std::move(outcome)); })});
    lambda_.begin(job_);
  }
  ~RunningCall() override {
    if (job_ == nullptr) return;
    *job_->abandoned = true;
    lambda_.wake();
  }

 private:
  void tell(LambdaOutcome outcome) {
    job_.reset();
    auto done = std::move(done_);
    done(std::move(outcome));  // may destroy this
  }

  CurlLambda& lambda_;
  Function<void(LambdaOutcome)> done_;
  std::shared_ptr<LambdaJob> job_;
  Scope scope_;
};

class ShardLambda final : public invoker::LambdaClient {
 public:
  ShardLambda(CurlLambda& lambda, Shard& shard) : lambda_(lambda), shard_(shard) {}

  std::unique_ptr<invoker::LambdaCall> call(invoker::LambdaRequest request,
                                            Function<void(LambdaOutcome)> done) override {
    return std::make_unique<RunningCall>(lambda_, shard_, std::move(request), std::move(done));
  }

 private:
  CurlLambda& lambda_;
  Shard& shard_;
};

std::unique_ptr<invoker::LambdaClient> CurlLambda::make_client(Shard& shard) {
  return std::make_unique<ShardLambda>(*this, shard);
}

}  // namespace

std::unique_ptr<Lambda> make_lambda(LambdaOptions options) {
  return std::make_unique<CurlLambda>(std::move(options));
}

}  // namespace restate::connect

namespace restate {

std::function<std::unique_ptr<connect::Lambda>()> aws_lambda(LambdaSettings settings) {
  return [settings = std::move(settings)] {
    connect::LambdaOptions options;
    options.environment = settings.environment;
    options.profile = settings.profile;
    options.external_id = settings.external_id;
    return connect::make_lambda(std::move(options));
  };
}

}  // namespace restate
