#include "connect/aws/sigv4.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::connect::aws;

namespace {

// AWS's own test suite for the algorithm uses these.
const Credentials kExample{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}, {}};
constexpr WallTime kThen{1'440'938'160'000};  // 2015-08-30T12:36:00Z

std::string signature_of(HttpQuery query) {
  REQUIRE(sign(query, {kExample, "us-east-1", "service", kThen}));
  const std::string authorization = query.headers.back().value;
  CHECK(authorization.starts_with(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "));
  return authorization.substr(authorization.find("SignedHeaders="));
}

}  // namespace

TEST_CASE("signatures are those of AWS's test suite", "[connect][aws]") {
  HttpQuery query;
  query.url = "https://example.amazonaws.com/";
  SECTION("get-vanilla") {
    CHECK(signature_of(query) ==
          "SignedHeaders=host;x-amz-date, "
          "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  }
  SECTION("get-vanilla-query-order-key-case") {
    query.url += "?Param2=value2&Param1=value1";
    CHECK(signature_of(query) ==
          "SignedHeaders=host;x-amz-date, "
          "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  }
  SECTION("post-vanilla") {
    query.method = "POST";
    CHECK(signature_of(query) ==
          "SignedHeaders=host;x-amz-date, "
          "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  }
}

TEST_CASE("a signature covers the session, the body and every header", "[connect][aws]") {
  const auto sign_with = [](const std::string& body, const std::string& header,
                            const std::string& token) {
    HttpQuery query;
    query.url = "http://127.0.0.1:4566/2015-03-31/functions/arn%3Aaws/invocations";
    query.method = "POST";
    query.headers = {{"content-type", header}};
    query.body = body;
    Credentials credentials = kExample;
    credentials.session_token = token;
    REQUIRE(sign(query, {credentials, "eu-central-1", "lambda", kThen}));
    return query.headers.back().value;
  };
  const std::string first = sign_with("{}", "application/json", "token");
  CHECK(first.find("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,") !=
        std::string::npos);
  CHECK(first == sign_with("{}", "application/json", "token"));
  CHECK(first != sign_with("{ }", "application/json", "token"));
  CHECK(first != sign_with("{}", "text/plain", "token"));
  CHECK(first != sign_with("{}", "application/json", "other"));
}

TEST_CASE("only URLs can be signed for", "[connect][aws]") {
  HttpQuery query;
  query.url = "localhost";
  CHECK(sign(query, {kExample, "r", "s", kThen}) == Code::kInvalidArgument);
}
