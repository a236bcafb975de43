#include "connect/aws/profile.h"

#include "support/catch.h"

using namespace restate::connect::aws;

TEST_CASE("profiles are read as AWS's tools read them", "[connect][aws]") {
  const auto profiles = parse_profiles(
      "# a comment\r\n"
      "[default]\n"
      "region = eu-central-1   ; a comment\n"
      "s3 =\n"
      "  max_concurrent_requests = 20\n"
      "[profile  dev ]\n"
      "ROLE_ARN=arn:aws:iam::1:role/x#y\n"
      "source_profile = default # another\n"
      "[sso-session mine]\n"
      "sso_region = x\n"
      "[dev2]\n"
      "region = not a profile in this file\n",
      "[default]\n"
      "aws_access_key_id = AKID\n"
      "aws_secret_access_key = a+b/c=\n"
      "[dev2]\n"
      "aws_access_key_id=X");
  CHECK(profiles.size() == 3);
  CHECK(profiles.at("default") == Profile{{"region", "eu-central-1"},
                                          {"s3", ""},
                                          {"aws_access_key_id", "AKID"},
                                          {"aws_secret_access_key", "a+b/c="}});
  CHECK(profiles.at("dev") ==
        Profile{{"role_arn", "arn:aws:iam::1:role/x#y"}, {"source_profile", "default"}});
  CHECK(profiles.at("dev2") == Profile{{"aws_access_key_id", "X"}});
}

TEST_CASE("what is in both files is taken from the credentials", "[connect][aws]") {
  const auto profiles = parse_profiles("[default]\naws_access_key_id=A\nregion=r\n",
                                       "[default]\naws_access_key_id=B\n");
  CHECK(profiles.at("default") == Profile{{"aws_access_key_id", "B"}, {"region", "r"}});
}

TEST_CASE("nonsense has no profiles", "[connect][aws]") {
  CHECK(parse_profiles("", "").empty());
  CHECK(parse_profiles("a = b\n[\n]\n=", "").empty());
}
