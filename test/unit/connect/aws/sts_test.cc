#include "connect/aws/sts.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::connect::aws;

namespace {

std::string credentials_xml(const std::string& inside) {
  return "<AssumeRoleResponse "
         "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
         "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/x/restate</Arn></AssumedRoleUser>"
         "<Credentials>" +
         inside + "</Credentials></AssumeRoleResult></AssumeRoleResponse>";
}

const std::string kGood =
    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>a/b+c</SecretAccessKey>"
    "<SessionToken>t&amp;u==</SessionToken><Expiration>2026-11-22T05:15:00Z</Expiration>";

}  // namespace

TEST_CASE("a role is asked for", "[connect][aws]") {
  RoleRequest request;
  request.role_arn = "arn:aws:iam::1:role/x";
  request.external_id = "a b";
  const HttpQuery query = make_role_query("https://sts.eu-central-1.amazonaws.com", request);
  CHECK(query.method == "POST");
  CHECK(query.url == "https://sts.eu-central-1.amazonaws.com/");
  CHECK(query.body ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"
        "&RoleSessionName=restate&ExternalId=a%20b");
  request.external_id.clear();
  request.web_identity = "e.y.J";
  CHECK(make_role_query("http://h", request).body.starts_with("Action=AssumeRoleWithWebIdentity&"));
  CHECK(make_role_query("http://h", request).body.ends_with("&WebIdentityToken=e.y.J"));
}

TEST_CASE("the answer has credentials for a while", "[connect][aws]") {
  const auto credentials = parse_role_answer({200, {}, credentials_xml(kGood)});
  REQUIRE(credentials);
  CHECK(*credentials == Credentials{"ASIA", "a/b+c", "t&u==", WallTime{1'795'324'500'000}});
}

TEST_CASE("incomplete answers are none", "[connect][aws]") {
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    INFO(name);
    std::string inside = kGood;
    inside.erase(inside.find("<" + std::string(name) + ">"), std::string(name).size() + 2);
    CHECK(parse_role_answer({200, {}, credentials_xml(inside)}) == Code::kInternal);
  }
  CHECK(parse_role_answer({200, {}, credentials_xml(kGood + kGood)}) == Code::kInternal);
  CHECK(parse_role_answer({200, {}, "{}"}) == Code::kInternal);
}

TEST_CASE("refusals say why", "[connect][aws]") {
  const std::string body =
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
      "<Message>not you</Message></Error></ErrorResponse>";
  const auto denied = parse_role_answer({403, {}, body});
  REQUIRE(denied == Code::kUnauthenticated);
  CHECK(denied.error().message == "STS answered 403 AccessDenied: not you");
  CHECK(parse_role_answer({400, {}, "<Error><Code>Throttling</Code></Error>"}) ==
        Code::kOverloaded);
  CHECK(parse_role_answer({429, {}, ""}) == Code::kOverloaded);
  CHECK(parse_role_answer({503, {}, "busy"}) == Code::kUnavailable);
}

TEST_CASE("points in time as AWS writes them", "[connect][aws]") {
  CHECK(parse_utc("1970-01-01T00:00:01Z") == WallTime{1000});
  CHECK(parse_utc("2026-11-22T05:15:00.123Z") == WallTime{1'795'324'500'000});
  for (const char* text : {"", "2026-11-22", "2026-11-22T05:15:00", "2026-11-22T05:15:00+01:00",
                           "2026-11-22T05:15:00 Z", "now"}) {
    INFO(text);
    CHECK_FALSE(parse_utc(text));
  }
}
