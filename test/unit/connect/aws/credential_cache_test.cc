#include "connect/aws/credential_cache.h"

#include "support/catch.h"

#include <atomic>
#include <future>

using namespace restate;
using namespace restate::connect::aws;

namespace {

constexpr std::uint64_t kHour = 3'600'000;

/// STS that hands out a new name each time, for an hour; the engine's own credentials never change.
struct Bench {
  Bench() {
    CredentialOptions options;
    options.environment = {{"AWS_ACCESS_KEY_ID", "own"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
    auto loader = std::make_unique<CredentialLoader>(
        options, [this](const HttpQuery&) { return answer(); },
        [](const std::string&) { return std::nullopt; }, [this] { return WallTime{now}; });
    cache = std::make_unique<CredentialCache>(std::move(loader), [this] { return WallTime{now}; });
  }

  Result<HttpAnswer> answer() {
    if (gate.valid()) gate.wait();
    ++asked;
    if (refuse) return HttpAnswer{403, {}, "<Error><Code>AccessDenied</Code></Error>"};
    // The clock of this test begins at zero, so an hour is an hour after 1970.
    const std::uint64_t end = (now + lifetime) / 1000;
    char expiration[32];
    std::snprintf(expiration, sizeof expiration, "1970-01-01T%02d:%02d:%02dZ",
                  static_cast<int>(end / 3600), static_cast<int>(end / 60 % 60),
                  static_cast<int>(end % 60));
    return HttpAnswer{200,
                      {},
                      "<Credentials><AccessKeyId>role" + std::to_string(asked) +
                          "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                          "<SessionToken>t</SessionToken><Expiration>" +
                          std::string(expiration) + "</Expiration></Credentials>"};
  }

  std::future<std::string> ask() {
    auto promise = std::make_shared<std::promise<std::string>>();
    cache->get(role, [promise](const Result<Credentials>& found) {
      promise->set_value(found ? found->access_key : found.error().message);
    });
    return promise->get_future();
  }
  std::string get() { return ask().get(); }
  /// Asks until somebody has renewed them.
  std::string get_other_than(const std::string& old) {
    for (;;) {
      std::string found = get();
      if (found != old) return found;
      std::this_thread::yield();
    }
  }

  std::atomic<std::uint64_t> now{0};
  std::atomic<int> asked{0};
  std::atomic<bool> refuse{false};
  std::uint64_t lifetime = kHour;
  std::shared_future<void> gate;
  const CredentialKey role{"arn:aws:iam::1:role/x", "aws", "eu-central-1"};
  std::unique_ptr<CredentialCache> cache;  ///< last: its thread uses the others
};

}  // namespace

TEST_CASE("credentials are fetched once and renewed before they expire", "[connect][aws]") {
  Bench bench;
  CHECK(bench.get() == "role1");
  bench.now = kHour - 300'001;
  CHECK(bench.get() == "role1");
  CHECK(bench.asked == 1);
  bench.now = kHour - 300'000;
  const std::string still = bench.get();  // nobody waits for the new ones
  CHECK(still == "role1");
  CHECK(bench.get_other_than("role1") == "role2");
  CHECK(bench.asked == 2);
}

TEST_CASE("expired credentials are not used", "[connect][aws]") {
  Bench bench;
  CHECK(bench.get() == "role1");
  bench.now = kHour - 10'000;
  CHECK(bench.get() == "role2");
}

TEST_CASE("sessions that hardly last are fetched again in time", "[connect][aws]") {
  Bench bench;
  bench.lifetime = 12'000;
  CHECK(bench.get() == "role1");
  bench.now = 3'000;  // too old already, although half of its life is left
  CHECK(bench.get() == "role2");
}

TEST_CASE("those who wait share one fetch", "[connect][aws]") {
  Bench bench;
  std::promise<void> open;
  bench.gate = open.get_future().share();
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(bench.ask());
  open.set_value();
  for (auto& answer : answers) CHECK(answer.get() == "role1");
  CHECK(bench.asked == 1);
}

TEST_CASE("a failure is everybody's for a moment", "[connect][aws]") {
  Bench bench;
  bench.refuse = true;
  CHECK(bench.get().find("AccessDenied") != std::string::npos);
  bench.refuse = false;
  bench.now = 999;
  CHECK(bench.get().find("AccessDenied") != std::string::npos);
  CHECK(bench.asked == 1);
  bench.now = 1000;
  CHECK(bench.get() == "role2");
}

TEST_CASE("refused credentials are fetched anew", "[connect][aws]") {
  Bench bench;
  CHECK(bench.get() == "role1");
  bench.cache->forget(bench.role, "an older one");
  CHECK(bench.get() == "role1");
  bench.cache->forget(bench.role, "role1");
  CHECK(bench.get() == "role2");
}

TEST_CASE("a cache that stops tells nobody anything", "[connect][aws]") {
  Bench bench;
  bench.cache->stop();
  bool told = false;
  bench.cache->get(bench.role, [&told](const Result<Credentials>&) { told = true; });
  CHECK_FALSE(told);
}
