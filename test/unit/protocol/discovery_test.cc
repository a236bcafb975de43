#include "protocol/discovery.h"

#include "support/catch.h"
#include "support/vectors.h"

using namespace restate;
using namespace restate::protocol;

namespace {

const std::string kV4 = "application/vnd.restate.endpointmanifest.v4+json";

std::variant<Manifest, DiscoveryError> parse(const std::string& body, DiscoveryWay way = {},
                                             const std::string& server = "test/1") {
  return parse_discovery(200, {{"Content-Type", kV4}, {"x-restate-server", server}}, body, way);
}

std::string with_services(const std::string& services) {
  return R"({"protocolMode":"BIDI_STREAM","minProtocolVersion":5,"maxProtocolVersion":6,"services":)" +
         services + "}";
}

DiscoveryError error_of(const std::variant<Manifest, DiscoveryError>& result) {
  const auto* error = std::get_if<DiscoveryError>(&result);
  return error == nullptr ? DiscoveryError{0, DocCode::kNone, "a manifest"} : *error;
}

}  // namespace

TEST_CASE("a refusal shows its head, behind which a gateway may hide", "[protocol][discovery]") {
  const auto result = parse_discovery(
      404, {{"Server", "nginx"}, {"x-odd", "\"\xff"}}, "nope", {});
  CHECK(error_of(result).message ==
        "[META0003] [META0003] got status code '404'. Make sure the provided URI has the correct path "
        "where the Restate SDK endpoint is mounted. Response headers: {\"Server\": \"nginx\", "
        "\"x-odd\": \"\\\"\xef\xbf\xbd\"}. Body: nope");
}

TEST_CASE("unreachable endpoints get a hint about the HTTP they speak", "[protocol][discovery]") {
  CHECK(discovery_unreachable("why").message ==
        "[META0003] [META0003] unable to reach the remote endpoint: why");
  CHECK(discovery_unreachable("why", OtherHttp::kHttp2).code == DocCode::kDiscoveryFailed);
  CHECK(discovery_unreachable("why", OtherHttp::kHttp2).message.find("HTTP/2 only") !=
        std::string::npos);
  CHECK(discovery_unreachable("why", OtherHttp::kHttp1).code == DocCode::kEndpointSpeaksHttp1);
}

TEST_CASE("recorded discoveries end as recorded", "[protocol][discovery][vectors]") {
  std::size_t seen = 0;
  const auto vectors = testing::load_vectors("discovery_cases.json");
  for (const auto& recorded : vectors["cases"]) {
    const auto& response = recorded["response"];
    INFO(recorded["case"].get<std::string>());
    std::vector<wire::Header> headers;
    if (!response["content_type"].is_null()) {
      headers.push_back({"content-type", response["content_type"].get<std::string>()});
    }
    const int status = response["status"].get<int>();
    const auto& content = response["body"];
    const std::string body = content.is_string() ? content.get<std::string>() : content.dump();
    const auto result = parse_discovery(status, headers, body, {});
    const int expected = recorded["admin_status"].get<int>();
    if (expected == 201) {
      CHECK(std::holds_alternative<Manifest>(result));
      if (!std::holds_alternative<Manifest>(result)) UNSCOPED_INFO(error_of(result).message);
    } else {
      const DiscoveryError error = error_of(result);
      CHECK(error.status == expected);
      const std::string code =
          recorded["restate_code"].is_null() ? "" : recorded["restate_code"].get<std::string>();
      CHECK(to_string(error.code) == code);
      // Clients look for the code where it has always been.
      const std::string start = code.empty() ? "" : "[" + code + "] ";
      CHECK(error.message.rfind(expected == 500 ? start + start : start, 0) == 0);
    }
    CHECK(retry_discovery(status) == (recorded["requests_made"].get<int>() > 1));
    ++seen;
  }
  testing::looked_at("discoveries", seen, vectors["cases"].size());
}

TEST_CASE("a full manifest arrives with everything in it", "[protocol][discovery]") {
  const auto vectors = testing::load_vectors("discovery_cases.json");
  for (const auto& recorded : vectors["cases"]) {
    if (recorded["case"] != "full") continue;
    const auto result = parse(recorded["response"]["body"].dump());
    REQUIRE(std::holds_alternative<Manifest>(result));
    const auto& manifest = std::get<Manifest>(result);
    CHECK(manifest.bidi);
    CHECK(manifest.sdk_version == std::optional<std::string>("test/1"));
    REQUIRE(manifest.services.size() == 1);
    const ManifestService& service = manifest.services[0];
    CHECK(service.name == "D14");
    CHECK(service.type == wire::ServiceType::kVirtualObject);
    CHECK(service.options.documentation == std::optional<std::string>("doc"));
    CHECK(service.options.metadata.at("a") == "b");
    CHECK(service.options.journal_retention_ms == std::uint64_t{3600000});
    CHECK(service.options.idempotency_retention_ms == std::uint64_t{7200000});
    CHECK(service.options.inactivity_timeout_ms == std::uint64_t{5000});
    CHECK(service.options.abort_timeout_ms == std::uint64_t{6000});
    CHECK(service.options.enable_lazy_state == true);
    CHECK(service.options.ingress_private == false);
    CHECK(service.options.retry_initial_ms == std::uint64_t{100});
    CHECK(service.options.retry_max_interval_ms == std::uint64_t{1000});
    CHECK(service.options.retry_max_attempts == std::uint64_t{1});  // 0 would be no attempt at all
    CHECK(service.options.retry_factor == 1.5);
    CHECK(service.options.retry_kill == true);
    REQUIRE(service.handlers.size() == 4);
    const ManifestHandler& h = service.handlers[0];
    CHECK(h.type == wire::HandlerType::kShared);
    REQUIRE(h.input);
    CHECK(h.input->required);
    CHECK(h.input->json_schema == std::optional<std::string>(R"({"type":"string"})"));
    REQUIRE(h.output);
    CHECK(h.output->set_content_type_if_empty);
    CHECK(h.output->json_schema == std::optional<std::string>("true"));
    CHECK(h.options.ingress_private == true);
    CHECK(h.options.retry_max_attempts == std::uint64_t{5});
    CHECK(service.handlers[1].type == wire::HandlerType::kExclusive);
    CHECK(service.handlers[1].input == std::optional(ManifestInput{}));
    CHECK(service.handlers[1].output == std::optional(ManifestOutput{}));
    return;
  }
  FAIL("the recording is gone");
}

TEST_CASE("what a handler is depends on its service", "[protocol][discovery]") {
  const auto result = parse(with_services(
      R"([{"name":"S","ty":"SERVICE","handlers":[{"name":"a"},{"name":"b","ty":"SHARED"}]},
          {"name":"W","ty":"WORKFLOW","handlers":[{"name":"a"},{"name":"r","ty":"WORKFLOW"}]}])"));
  REQUIRE(std::holds_alternative<Manifest>(result));
  const auto& services = std::get<Manifest>(result).services;
  CHECK(services[0].handlers[0].type == wire::HandlerType::kPlain);
  CHECK(services[0].handlers[1].type == wire::HandlerType::kPlain);
  CHECK_FALSE(services[0].handlers[0].input);
  CHECK_FALSE(services[0].handlers[0].output);
  CHECK(services[1].handlers[0].type == wire::HandlerType::kShared);
  CHECK(services[1].handlers[1].type == wire::HandlerType::kWorkflow);
}

TEST_CASE("the transport must be able to do what the endpoint wants", "[protocol][discovery]") {
  CHECK(error_of(parse(with_services("[]"), {.lambda = true})).code == DocCode::kBidiUnsupported);
  CHECK(error_of(parse(with_services("[]"), {.http_below_1_1 = true})).code ==
        DocCode::kBidiUnsupported);
  std::string body = with_services("[]");
  body.replace(body.find("BIDI_STREAM"), 11, "REQUEST_RESPONSE");
  const auto result = parse(body, {.lambda = true});
  REQUIRE(std::holds_alternative<Manifest>(result));
  CHECK_FALSE(std::get<Manifest>(result).bidi);
}

TEST_CASE("old SDKs that overstate their version are found out", "[protocol][discovery]") {
  CHECK(error_of(parse(with_services("[]"), {}, "restate-sdk-typescript/1.2.3")).code ==
        DocCode::kNoCommonManifest);
  CHECK(std::holds_alternative<Manifest>(
      parse(with_services("[]"), {}, "restate-sdk-typescript/1.20.0")));
}

TEST_CASE("null is as good as absent, another type is not", "[protocol][discovery]") {
  CHECK(std::holds_alternative<Manifest>(parse(with_services(
      R"([{"name":"S","ty":"SERVICE","documentation":null,"handlers":[{"name":"h","ty":null}]}])"))));
  for (const char* services :
       {R"([{"name":"S","ty":"SERVICE","documentation":1,"handlers":[]}])",
        R"([{"name":"S","ty":"SERVICE","metadata":{"a":1},"handlers":[]}])",
        R"([{"name":"S","ty":"SERVICE","handlers":{}}])", R"([{"name":"S","ty":"SERVICE"}])",
        R"([{"name":"S","ty":"service","handlers":[]}])",
        R"([{"ty":"SERVICE","handlers":[]}])", R"({})", R"([1])",
        R"([{"name":"S","ty":"SERVICE","handlers":[{"name":"h","input":{"x":1}}]}])",
        R"([{"name":"S","ty":"SERVICE","workflowCompletionRetention":1,"handlers":[]}])"}) {
    CAPTURE(services);
    const DiscoveryError error = error_of(parse(with_services(services)));
    CHECK(error.status == 500);
    CHECK(error.code == DocCode::kNone);
  }
}

TEST_CASE("a document that is only nesting is refused", "[protocol][discovery]") {
  const std::string deep(100'000, '[');
  CHECK(error_of(parse(deep)).status == 500);
  CHECK(error_of(parse(with_services(deep))).status == 500);
}

TEST_CASE("names follow their patterns", "[protocol][discovery]") {
  for (const char* name : {"a", "A.b-c_d", "_a", "_1"}) CHECK(is_service_name(name));
  for (const char* name : {"", "_", "__a", "1a", "-a", ".a", "a b", "a/b", "\xC3\xA9"}) {
    CAPTURE(name);
    CHECK_FALSE(is_service_name(name));
  }
  CHECK(is_handler_name("a_1"));
  CHECK_FALSE(is_handler_name("a.b"));
  CHECK_FALSE(is_handler_name("a-b"));
}
