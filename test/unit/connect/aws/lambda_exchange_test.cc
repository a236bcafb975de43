#include "connect/aws/lambda_exchange.h"

#include "common/base64.h"
#include "connect/aws/zstd.h"
#include "support/catch.h"

#include <nlohmann/json.hpp>

using namespace restate;
using namespace restate::connect::aws;
using namespace std::chrono_literals;
using invoker::LambdaResponse;
using invoker::TransportFailure;
using protocol::DocCode;

namespace {

const std::string kArn = "arn:aws:lambda:eu-central-1:1:function:f:1";

invoker::LambdaRequest request(std::string_view body, bool zstd) {
  invoker::LambdaRequest request;
  request.arn = kArn;
  request.method = "POST";
  request.path = "/invoke/S/h";
  request.headers = {{"x", "y"}};
  request.body = {Bytes(body.substr(0, 1)), Bytes(body.substr(1))};
  request.zstd = zstd;
  return request;
}

nlohmann::json payload_of(const HttpQuery& query) { return nlohmann::json::parse(query.body); }

TransportFailure failure_of(const Result<HttpAnswer>& answer) {
  const auto outcome = judge_invocation(kArn, answer);
  REQUIRE(std::holds_alternative<TransportFailure>(outcome));
  return std::get<TransportFailure>(outcome);
}

}  // namespace

TEST_CASE("a call of a function", "[connect][aws]") {
  const HttpQuery query =
      make_invoke_query("https://lambda.eu-central-1.amazonaws.com", request("body", false), 1);
  CHECK(query.method == "POST");
  CHECK(query.url ==
        "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/"
        "arn%3Aaws%3Alambda%3Aeu-central-1%3A1%3Afunction%3Af%3A1/invocations");
  CHECK(query.timeout == Duration{});  // a function may take its time
  const auto payload = payload_of(query);
  CHECK(payload["body"] == base64::encode("body"));
  CHECK(payload["headers"] == nlohmann::json{{"x", "y"}});
}

TEST_CASE("long bodies are compressed for who understands that", "[connect][aws]") {
  const auto long_one = payload_of(make_invoke_query("http://h", request("body", true), 4));
  CHECK(long_one["headers"] ==
        nlohmann::json{{"accept-encoding", "zstd"}, {"content-encoding", "zstd"}, {"x", "y"}});
  CHECK(zstd_decompress(base64::decode(long_one["body"].get<std::string>()).value(), 4).value() ==
        "body");
  const auto short_one = payload_of(make_invoke_query("http://h", request("body", true), 5));
  CHECK(short_one["headers"] == nlohmann::json{{"accept-encoding", "zstd"}, {"x", "y"}});
  CHECK(short_one["body"] == base64::encode("body"));
}

TEST_CASE("a response of a function", "[connect][aws]") {
  SECTION("as it is") {
    const auto outcome =
        judge_invocation(kArn, HttpAnswer{200, {}, R"({"statusCode":503,"body":"busy"})"});
    REQUIRE(std::holds_alternative<LambdaResponse>(outcome));
    CHECK(std::get<LambdaResponse>(outcome).status == 503);
    CHECK(std::get<LambdaResponse>(outcome).body == Bytes("busy"));
  }
  SECTION("compressed") {
    const auto outcome = judge_invocation(
        kArn,
        HttpAnswer{200,
                   {},
                   R"({"statusCode":200,"headers":{"Content-Encoding":"zstd"},"body":")" +
                       base64::encode(zstd_compress("frames")) + R"(","isBase64Encoded":true})"});
    REQUIRE(std::holds_alternative<LambdaResponse>(outcome));
    CHECK(std::get<LambdaResponse>(outcome).body == Bytes("frames"));
  }
}

TEST_CASE("who did not answer as an SDK has failed", "[connect][aws]") {
  SECTION("a function that threw") {
    const auto failure = failure_of(
        HttpAnswer{200,
                   {{"x-amz-function-error", "Unhandled"}},
                   R"({"errorType":"Runtime.ExitError","errorMessage":"out of memory"})"});
    CHECK(failure.code == DocCode::kNetwork);
    CHECK(failure.error.message ==
          "the function " + kArn + " failed: Runtime.ExitError: out of memory");
  }
  SECTION("no payload") { CHECK(failure_of(HttpAnswer{200, {}, ""}).code == DocCode::kNetwork); }
  SECTION("another payload") {
    CHECK(failure_of(HttpAnswer{200, {}, "\"hello\""}).code == DocCode::kNetwork);
    CHECK(failure_of(HttpAnswer{200, {}, "\"hello\""}).error ==
          Error{Code::kFailedPrecondition, kArn + ": the function did not answer as a Restate SDK "
                                                  "would: its answer is no JSON object"});
  }
  SECTION("what is said to be compressed and is not") {
    CHECK(
        failure_of(
            HttpAnswer{
                200, {}, R"({"statusCode":200,"headers":{"content-encoding":"zstd"},"body":"x"})"})
            .code == DocCode::kNetwork);
  }
  SECTION("throttling") {
    const auto failure = failure_of(HttpAnswer{
        429,
        {{"x-amzn-errortype", "TooManyRequestsException:http://x"}, {"retry-after", "2"}},
        R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."})"});
    CHECK(failure.code == DocCode::kRateLimited);
    CHECK(failure.error.code == Code::kOverloaded);
    CHECK(failure.retry_after == Duration(2s));
    CHECK(failure.error.message ==
          "calling " + kArn + ": Lambda answered 429 TooManyRequestsException: Rate Exceeded.");
  }
  SECTION("a service that is down") {
    CHECK(failure_of(HttpAnswer{503, {}, "busy"}).code == DocCode::kRateLimited);
    CHECK(failure_of(HttpAnswer{500, {}, "oh"}).code == DocCode::kNetwork);
    CHECK(failure_of(HttpAnswer{502, {}, "oh"}).error.code == Code::kUnavailable);
  }
  SECTION("too much at once") {
    CHECK(failure_of(HttpAnswer{413, {}, ""}).code == DocCode::kPayloadTooLarge);
  }
  SECTION("nobody") {
    const auto failure = failure_of(Error{Code::kTimeout, "too late"});
    CHECK(failure.code == DocCode::kNetwork);
    CHECK(failure.error.code == Code::kTimeout);
  }
}

TEST_CASE("refused credentials are told from refused callers", "[connect][aws]") {
  const auto refused = [](int status, const std::string& type) {
    return refuses_credentials(HttpAnswer{status, {{"x-amzn-errortype", type}}, ""});
  };
  CHECK(refused(403, "ExpiredTokenException"));
  CHECK(refused(403, "UnrecognizedClientException:x"));
  CHECK_FALSE(refused(403, "AccessDeniedException"));
  CHECK_FALSE(refused(404, "ResourceNotFoundException"));
  CHECK_FALSE(refuses_credentials(Error{Code::kTimeout, ""}));
}
