#include "protocol/exchange.h"

#include "support/catch.h"
#include "support/vectors.h"

using namespace restate;
using namespace restate::protocol;

TEST_CASE("the highest common version is spoken", "[protocol][exchange]") {
  CHECK(negotiate(5, 7, false) == std::optional<std::uint16_t>(6));
  CHECK(negotiate(5, 7, true) == std::optional<std::uint16_t>(7));
  CHECK(negotiate(1, 5, true) == std::optional<std::uint16_t>(5));
  CHECK(negotiate(1, 99, false) == std::optional<std::uint16_t>(6));
  CHECK_FALSE(negotiate(7, 7, false));
  CHECK_FALSE(negotiate(1, 4, true));
  CHECK_FALSE(negotiate(8, 9, true));
  CHECK(supports_pinned(7));
  CHECK_FALSE(supports_pinned(4));
  CHECK_FALSE(supports_pinned(8));
}

TEST_CASE("keys are percent-encoded as SDKs expect", "[protocol][exchange]") {
  CHECK(percent_encode("my key/\xC3\xA9") == "my%20key%2F%C3%A9");
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("+*") == "%2B%2A");
}

TEST_CASE("recorded request heads are reproduced", "[protocol][exchange][vectors]") {
  std::size_t seen = 0;
  const auto vectors = testing::load_vectors("service_protocol_frames.json");
  for (const auto& exchange : vectors["exchanges"]) {
    const auto protocol = exchange["protocol_version"].get<std::uint16_t>();
    for (const auto& stream : exchange["streams"]) {
      const auto& request = stream["request"];
      std::map<std::string, std::string> recorded;
      std::vector<wire::Header> plain;
      for (const auto& header : request["headers"]) {
        const auto name = header[0].get<std::string>();
        recorded[name] = header[1].get<std::string>();
        if (name[0] != ':' && name != "x-restate-cluster-name") {
          plain.push_back({name, header[1].get<std::string>()});
        }
      }
      const auto id = InvocationId::parse(recorded["x-restate-invocation-id"]);
      REQUIRE(id);
      wire::InvocationTarget target;
      if (recorded.count("x-restate-service-key") > 0) {
        target.type = wire::ServiceType::kVirtualObject;
        target.key = recorded["x-restate-service-key"];  // the recorded ones need no encoding
      }
      CHECK(invoke_headers(protocol, *id, target, {}) == plain);
    }
    ++seen;
  }
  testing::looked_at("exchanges", seen, vectors["exchanges"].size());
  CHECK(invoke_path("Raw", "echo") == "/invoke/Raw/echo");
}

TEST_CASE("trace context travels when there is one", "[protocol][exchange]") {
  const auto headers = invoke_headers(5, {}, {}, {"00-abc-def-01", ""});
  REQUIRE(headers.size() == 5);
  CHECK(headers[0].value == "application/vnd.restate.invocation.v5");
  CHECK(headers[3] == wire::Header{"traceparent", "00-abc-def-01"});
  CHECK(headers[4] == wire::Header{"tracestate", ""});
}

TEST_CASE("a head is judged before the body", "[protocol][exchange]") {
  const std::string v6 = "application/vnd.restate.invocation.v6";
  const auto judge = [&](int status, std::optional<std::string_view> type) {
    return judge_head({status, type, "sdk/1.0", std::nullopt}, 6, WallTime{0});
  };
  CHECK(judge(200, v6).code == DocCode::kNone);
  CHECK(judge(201, v6).code == DocCode::kNone);
  CHECK(judge(200, v6).server == std::optional<std::string>("sdk/1.0"));
  CHECK(judge(200, v6 + "; charset=utf-8").code == DocCode::kProtocolViolation);
  CHECK(judge(200, "application/vnd.restate.invocation.v5").code == DocCode::kProtocolViolation);
  CHECK(judge(200, std::nullopt).code == DocCode::kProtocolViolation);
  CHECK(judge(502, {}).code == DocCode::kNetwork);
  CHECK(judge(504, {}).code == DocCode::kNetwork);
  CHECK(judge(429, {}).code == DocCode::kRateLimited);
  CHECK(judge(503, {}).code == DocCode::kRateLimited);
  CHECK(judge(415, {}).code == DocCode::kVersionRejected);
  CHECK(judge(415, {}).invocation_code == 415);
  CHECK(judge(413, {}).code == DocCode::kPayloadTooLarge);
  CHECK(judge(404, {}).code == DocCode::kProtocolViolation);
  CHECK(judge(500, {}).code == DocCode::kProtocolViolation);
  CHECK(judge(302, {}).code == DocCode::kProtocolViolation);
  CHECK(judge_head({200, v6, "a\x01z", {}}, 6, {}).code == DocCode::kProtocolViolation);
}

TEST_CASE("retry-after is seconds or a date to come", "[protocol][exchange]") {
  const WallTime now{1'795'287'167'000};  // Sat, 21 Nov 2026 18:52:47 GMT
  CHECK(parse_retry_after("7", now) == std::optional<std::uint64_t>(7000));
  CHECK(parse_retry_after("0", now) == std::optional<std::uint64_t>(0));
  CHECK(parse_retry_after("Sat, 21 Nov 2026 18:52:57 GMT", now) == std::optional<std::uint64_t>(10'000));
  CHECK(parse_retry_after("Sat, 21 Nov 2026 20:52:57 +0200", now) == std::optional<std::uint64_t>(10'000));
  CHECK(parse_retry_after("21 Nov 2026 13:52:57 -0500", now) == std::optional<std::uint64_t>(10'000));
  CHECK_FALSE(parse_retry_after("Sat, 21 Nov 2026 18:52:47 GMT", now));
  CHECK_FALSE(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now));
  CHECK_FALSE(parse_retry_after("soon", now));
  CHECK_FALSE(parse_retry_after("", now));
  CHECK_FALSE(parse_retry_after("-1", now));
  CHECK(judge_head({503, {}, {}, "7"}, 6, now).retry_after_ms == std::optional<std::uint64_t>(7000));
  CHECK_FALSE(judge_head({500, {}, {}, "7"}, 6, now).retry_after_ms);
}
