#include "protocol/lambda.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::protocol;

TEST_CASE("the address of a function is taken apart", "[protocol][lambda]") {
  const auto arn = parse_lambda_arn("arn:aws:lambda:eu-central-1:123456789012:function:greeter:1");
  REQUIRE(arn);
  CHECK(*arn == LambdaArn{"aws", "eu-central-1", "123456789012", "greeter", "1"});
  CHECK(parse_lambda_arn("arn:aws-cn:lambda:cn-north-1:1:function:f_g-h:$LATEST"));
  CHECK(parse_lambda_arn("arn:aws:lambda:us-east-1:1:function:f:prod"));
}

TEST_CASE("what is no address of a function is refused, with the reason", "[protocol][lambda]") {
  const auto refused = [](const std::string& text, const std::string& reason) {
    INFO(text);
    const auto arn = parse_lambda_arn(text);
    REQUIRE(arn == Code::kInvalidArgument);
    CHECK(arn.error().message.find(reason) != std::string::npos);
  };
  refused("", "arn:");
  refused("http://example.com", "arn:");
  refused("arn:aws:nope", "lambda");
  refused("arn:aws:iam::1:role/x", "lambda");
  refused("arn:aws:lambda", "region");
  refused("arn:aws:lambda:EU central:1:function:f:1", "region");
  refused("arn:aws:lambda:eu-central-1:me:function:f:1", "account");
  refused("arn:aws:lambda:eu-central-1:1:layer:f:1", "no function");
  refused("arn:aws:lambda:eu-central-1:1:function::1", "name");
  refused("arn:aws:lambda:eu-central-1:1:function:f", "version");
  refused("arn:aws:lambda:eu-central-1:1:function:f:", "version");
  refused("arn:aws:lambda:eu-central-1:1:function:f:$OLDEST", "version");
  refused("arn:aws:lambda:eu-central-1:1:function:f:1:2", "eight");
}

TEST_CASE("a request to a function, byte for byte", "[protocol][lambda]") {
  CHECK(encode_lambda_request("GET", "/discover", {{"accept", "a/b, c"}}, "") ==
        R"({"path":"/discover","httpMethod":"GET","headers":{"accept":"a/b, c"},)"
        R"("body":"","isBase64Encoded":true})");
  CHECK(encode_lambda_request("POST", "/invoke/S/h", {{"a", "1\"\n"}, {"b", "\xff"}, {"a", "2"}},
                              std::string("\0\x01\xff", 3)) ==
        R"({"path":"/invoke/S/h","httpMethod":"POST","headers":{"a":"1\"\n","b":"�"},)"
        R"("body":"AAH/","isBase64Encoded":true})");
}

TEST_CASE("the answer of a function", "[protocol][lambda]") {
  SECTION("in base64") {
    const auto response = decode_lambda_response(
        R"({"statusCode":200,"headers":{"Content-Type":"x/y","n":1},"body":"AAH/",)"
        R"("isBase64Encoded":true,"multiValueHeaders":{}})");
    REQUIRE(response);
    CHECK(*response ==
          LambdaResponse{200, {{"content-type", "x/y"}, {"n", "1"}}, std::string("\0\x01\xff", 3)});
  }
  SECTION("as text") {
    const auto response = decode_lambda_response(R"({"statusCode":404,"body":"not here"})");
    REQUIRE(response);
    CHECK(*response == LambdaResponse{404, {}, "not here"});
  }
  SECTION("without a body") {
    const auto response =
        decode_lambda_response(R"({"statusCode":204,"headers":null,"body":null})");
    REQUIRE(response);
    CHECK(*response == LambdaResponse{204, {}, ""});
  }
  SECTION("of a function that is no handler of an SDK") {
    const char* text =
        GENERATE("", "null", "[]", "\"hello\"", "{}", R"({"statusCode":"200"})",
                 R"({"statusCode":20000000000})", R"({"statusCode":200,"headers":[]})",
                 R"({"statusCode":200,"body":{}})",
                 R"({"statusCode":200,"body":"","isBase64Encoded":"yes"})",
                 R"({"statusCode":200,"body":"*","isBase64Encoded":true})", R"({"statusCode":200)");
    INFO(text);
    CHECK(decode_lambda_response(text) == Code::kInvalidArgument);
  }
}
