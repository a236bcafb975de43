#include "connect/aws/credential_loader.h"

#include "support/catch.h"

#include <map>

using namespace restate;
using namespace restate::connect::aws;

namespace {

/// A machine: its environment, its files, and who answers on the network.
struct Machine {
  Result<Credentials> load() {
    CredentialLoader loader(options, fetch(), files_of(), [] { return WallTime{1'000'000}; });
    return loader.load("eu-central-1");
  }
  Fetch fetch() {
    return [this](const HttpQuery& query) -> Result<HttpAnswer> {
      queries.push_back(query);
      const auto found = answers.find(query.method + " " + query.url);
      if (found == answers.end()) return Error{Code::kUnavailable, "nobody at " + query.url};
      return found->second;
    };
  }
  CredentialLoader::ReadFile files_of() {
    return [this](const std::string& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return std::nullopt;
      return found->second;
    };
  }
  void assumes(const std::string& url, const std::string& access) {
    answers["POST " + url] = {
        200,
        {},
        "<Credentials><AccessKeyId>" + access +
            "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2026-11-22T05:15:00Z</Expiration></Credentials>"};
  }

  CredentialOptions options;
  std::map<std::string, std::string> files;
  std::map<std::string, HttpAnswer> answers;
  std::vector<HttpQuery> queries;
};

std::string access_of(const Result<Credentials>& credentials) {
  return credentials ? credentials->access_key : credentials.error().describe();
}

const std::string kSts = "https://sts.eu-central-1.amazonaws.com/";
const std::string kMetadata = "http://169.254.169.254/latest/";

}  // namespace

TEST_CASE("credentials are looked for in the order of AWS's tools", "[connect][aws]") {
  Machine machine;
  auto& environment = machine.options.environment;
  environment = {{"HOME", "/home/me"},
                 {"AWS_ACCESS_KEY_ID", "environment"},
                 {"AWS_SECRET_ACCESS_KEY", "s"},
                 {"AWS_SESSION_TOKEN", "t"},
                 {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                 {"AWS_ROLE_ARN", "arn:aws:iam::1:role/web"},
                 {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}};
  machine.files = {{"/home/me/.aws/credentials",
                    "[default]\naws_access_key_id=profile\naws_secret_access_key=s\n"
                    "[other]\naws_access_key_id=other\naws_secret_access_key=s\n"},
                   {"/token", "web\n"}};
  machine.assumes(kSts, "web");
  machine.answers["GET http://169.254.170.2/v2/x"] = {
      200,
      {},
      R"({"AccessKeyId":"container","SecretAccessKey":"s","Token":"t",)"
      R"("Expiration":"2026-11-22T05:15:00Z"})"};
  machine.answers["PUT " + kMetadata + "api/token"] = {200, {}, "ticket"};
  machine.answers["GET " + kMetadata + "meta-data/iam/security-credentials/"] = {200, {}, "role"};
  machine.answers["GET " + kMetadata + "meta-data/iam/security-credentials/role"] = {
      200, {}, R"({"Code":"Success","AccessKeyId":"instance","SecretAccessKey":"s","Token":"t"})"};

  const auto first = machine.load();
  REQUIRE(first);
  CHECK(*first == Credentials{"environment", "s", "t", {}});
  environment.erase("AWS_ACCESS_KEY_ID");
  CHECK(access_of(machine.load()) == "profile");
  environment["AWS_PROFILE"] = "other";
  CHECK(access_of(machine.load()) == "other");
  environment.erase("AWS_PROFILE");
  machine.files.erase("/home/me/.aws/credentials");
  CHECK(machine.queries.empty());
  CHECK(access_of(machine.load()) == "web");
  CHECK(machine.queries.back().body.ends_with("&WebIdentityToken=web"));
  for (const auto& header : machine.queries.back().headers) CHECK(header.name != "authorization");
  environment.erase("AWS_ROLE_ARN");
  const auto container = machine.load();
  CHECK(access_of(container) == "container");
  CHECK(container->expires_at == WallTime{1'795'324'500'000});
  CHECK(machine.queries.back().link_local);
  environment.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  CHECK(access_of(machine.load()) == "instance");
  CHECK(machine.queries.back().headers ==
        std::vector<wire::Header>{{"x-aws-ec2-metadata-token", "ticket"}});
  environment["AWS_EC2_METADATA_DISABLED"] = "true";
  CHECK(machine.load() == Code::kUnauthenticated);
}

TEST_CASE("a configured profile goes before everything, and must be there", "[connect][aws]") {
  Machine machine;
  machine.options.profile = "mine";
  machine.options.environment = {{"AWS_ACCESS_KEY_ID", "environment"},
                                 {"AWS_SECRET_ACCESS_KEY", "s"},
                                 {"AWS_CONFIG_FILE", "/config"},
                                 {"AWS_SHARED_CREDENTIALS_FILE", "/credentials"}};
  CHECK(access_of(machine.load()) == "unauthenticated: there is no AWS profile 'mine'");
  machine.files["/config"] = "[profile mine]\nregion=x\n";
  CHECK(machine.load() == Code::kUnauthenticated);
  machine.files["/config"] = "[profile mine]\nsso_session=x\n";
  CHECK(access_of(machine.load()).find("'sso_session'") != std::string::npos);
  machine.files["/credentials"] = "[mine]\naws_access_key_id=mine\naws_secret_access_key=s\n";
  CHECK(access_of(machine.load()) == "mine");
}

TEST_CASE("a profile may assume a role with another's credentials", "[connect][aws]") {
  Machine machine;
  machine.options.profile = "mine";
  machine.options.environment = {{"AWS_CONFIG_FILE", "/config"}};
  machine.assumes("https://sts.us-west-2.amazonaws.com/", "role");
  const auto config = [&](const std::string& mine) {
    machine.files["/config"] =
        "[profile mine]\nrole_arn=arn:aws:iam::1:role/x\nregion=us-west-2\n" + mine +
        "[profile base]\naws_access_key_id=base\naws_secret_access_key=s\n";
  };
  SECTION("with its external id") {
    config("source_profile=base\nexternal_id=e\nrole_session_name=me\n");
    CHECK(access_of(machine.load()) == "role");
    REQUIRE(machine.queries.size() == 1);
    CHECK(machine.queries[0].body.find("&RoleSessionName=me&ExternalId=e") != std::string::npos);
    CHECK(machine.queries[0].headers.back().value.find("Credential=base/") != std::string::npos);
    CHECK(machine.queries[0].headers.back().value.find("/us-west-2/sts/") != std::string::npos);
  }
  SECTION("of the environment") {
    machine.options.environment["AWS_ACCESS_KEY_ID"] = "environment";
    machine.options.environment["AWS_SECRET_ACCESS_KEY"] = "s";
    config("credential_source=Environment\n");
    CHECK(access_of(machine.load()) == "role");
  }
  SECTION("of its own") {
    config("source_profile=mine\naws_access_key_id=own\naws_secret_access_key=s\n");
    CHECK(access_of(machine.load()) == "role");
  }
  SECTION("but not in a circle") {
    config("source_profile=turn\n[profile turn]\nrole_arn=r\nsource_profile=mine\n");
    CHECK(access_of(machine.load()).find("too many") != std::string::npos);
  }
  SECTION("and not with nothing") {
    config("");
    CHECK(access_of(machine.load()).find("nothing to assume it with") != std::string::npos);
  }
}

TEST_CASE("the role of a deployment is assumed with our own credentials", "[connect][aws]") {
  Machine machine;
  machine.options.external_id = "id of mine";
  machine.assumes(kSts, "theirs");
  CredentialLoader loader(machine.options, machine.fetch(), machine.files_of(),
                          [] { return WallTime{0}; });
  const Credentials own{"own", "s", "token", {}};
  CHECK(access_of(loader.assume(own, "arn:aws:iam::2:role/y", "aws", "eu-central-1")) == "theirs");
  CHECK(machine.queries[0].body.ends_with("&ExternalId=id%20of%20mine"));
  CHECK(machine.queries[0].headers.back().value.find("x-amz-security-token") != std::string::npos);
  machine.answers.clear();
  CHECK(access_of(loader.assume(own, "arn:aws:iam::2:role/y", "aws", "eu-central-1"))
            .starts_with("unavailable: assuming the role arn:aws:iam::2:role/y: "));
}

TEST_CASE("services have addresses", "[connect][aws]") {
  std::map<std::string, std::string> environment;
  CHECK(endpoint_of(environment, "lambda", "aws", "us-east-1") ==
        "https://lambda.us-east-1.amazonaws.com");
  CHECK(endpoint_of(environment, "sts", "aws-cn", "cn-north-1") ==
        "https://sts.cn-north-1.amazonaws.com.cn");
  environment["AWS_ENDPOINT_URL"] = "http://localhost:4566/";
  CHECK(endpoint_of(environment, "sts", "aws", "us-east-1") == "http://localhost:4566");
  environment["AWS_ENDPOINT_URL_LAMBDA"] = "http://localhost:9001";
  CHECK(endpoint_of(environment, "lambda", "aws", "us-east-1") == "http://localhost:9001");
  CHECK(endpoint_of(environment, "sts", "aws", "us-east-1") == "http://localhost:4566");
}
