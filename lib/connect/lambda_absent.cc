// In place of `lambda.cc` in a build without AWS Lambda.

#include "connect/lambda.h"

#include <utility>

namespace restate::connect {
namespace {

class RefusedCall final : public invoker::LambdaCall {
 public:
  RefusedCall(Shard& shard, Function<void(invoker::LambdaOutcome)> done) {
    shard.post(scope_.bind([done = std::move(done)]() mutable {
      invoker::TransportFailure failure;
      failure.error = {Code::kUnsupported,
                       "this build has no AWS Lambda: it was made with RESTATE_LAMBDA=OFF"};
      done(std::move(failure));
    }));
  }

 private:
  Scope scope_;
};

class RefusingClient final : public invoker::LambdaClient {
 public:
  explicit RefusingClient(Shard& shard) : shard_(shard) {}
  std::unique_ptr<invoker::LambdaCall> call(invoker::LambdaRequest,
                                            Function<void(invoker::LambdaOutcome)> done) override {
    return std::make_unique<RefusedCall>(shard_, std::move(done));
  }

 private:
  Shard& shard_;
};

class NoLambda final : public Lambda {
 public:
  std::unique_ptr<invoker::LambdaClient> make_client(Shard& shard) override {
    return std::make_unique<RefusingClient>(shard);
  }
};

}  // namespace

std::unique_ptr<Lambda> make_lambda(LambdaOptions) { return std::make_unique<NoLambda>(); }

}  // namespace restate::connect
