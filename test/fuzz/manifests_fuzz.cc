// What an endpoint says it serves. Whatever it says, the answer is a manifest that keeps the rules
// or an error for people.

#include "fuzz/fuzz.h"
#include "protocol/discovery.h"

#include <restate/assert.h>

#include <variant>

using namespace restate;
using protocol::Manifest;

namespace {

constexpr const char* kTypes[] = {"application/vnd.restate.endpointmanifest.v1+json",
                                  "application/vnd.restate.endpointmanifest.v3+json",
                                  "application/vnd.restate.endpointmanifest.v4+json",
                                  "application/json"};

}  // namespace

/// The first byte is how it came: two bits for the content type, two for the way, one for the SDK.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t how = data[0];
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<wire::Header> headers = {{"content-type", kTypes[how & 3]}};
  if ((how & 16) != 0) headers.push_back({"x-restate-server", std::string(body.substr(0, 20))});
  const auto answer = protocol::parse_discovery(
      200, headers, body, {.lambda = (how & 4) != 0, .http_below_1_1 = (how & 8) != 0});
  if (const auto* error = std::get_if<protocol::DiscoveryError>(&answer)) {
    RESTATE_ASSERT(error->status >= 400 && !error->message.empty(), "a refusal says why");
    return 0;
  }
  const auto& manifest = std::get<Manifest>(answer);
  RESTATE_ASSERT(manifest.min_protocol <= manifest.max_protocol, "a range is a range");
  for (const auto& service : manifest.services) {
    RESTATE_ASSERT(protocol::is_service_name(service.name), "services have names");
    for (const auto& handler : service.handlers) {
      RESTATE_ASSERT(protocol::is_handler_name(handler.name), "handlers have names");
    }
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  const std::string head = R"({"protocolMode":"BIDI_STREAM","minProtocolVersion":5,)"
                           R"("maxProtocolVersion":6,"services":[)";
  const std::string bodies[] = {
      head + R"({"name":"S","ty":"SERVICE","handlers":[{"name":"h"}]}]})",
      head + R"({"name":"a.b","ty":"VIRTUAL_OBJECT","documentation":"d","metadata":{"k":"v"},)"
             R"("inactivityTimeout":60000,"abortTimeout":1,"journalRetention":1,)"
             R"("idempotencyRetention":1,"enableLazyState":true,"ingressPrivate":false,)"
             R"("handlers":[{"name":"add","ty":"EXCLUSIVE","input":{"required":true,)"
             R"("contentType":"application/*","jsonSchema":{"type":"object","properties":)"
             R"({"a":{"$ref":"#/x"}}}},"output":{"contentType":"text/plain",)"
             R"("setContentTypeIfEmpty":true,"jsonSchema":false}},)"
             R"({"name":"get","ty":"SHARED","retryPolicyInitialInterval":1,)"
             R"("retryPolicyExponentiationFactor":1.5,"retryPolicyMaxAttempts":3,)"
             R"("retryPolicyMaxInterval":9,"retryPolicyOnMaxAttempts":"KILL"}]}]})",
      head + R"({"name":"W","ty":"WORKFLOW","handlers":[{"name":"run","ty":"WORKFLOW",)"
             R"("workflowCompletionRetention":1},{"name":"look"}]},null]})",
      R"({"protocolMode":"REQUEST_RESPONSE","minProtocolVersion":1,"maxProtocolVersion":2147483647,)"
      R"("lambdaCompression":"zstd","services":[]})",
      R"([{"a":[[[[1e400,-0,"\ud800"]]]]}])"};
  std::vector<std::string> seeds;
  for (const std::string& body : bodies) {
    for (const int how : {0, 1, 2, 3, 6, 10, 18}) seeds.push_back(static_cast<char>(how) + body);
  }
  return seeds;
}
