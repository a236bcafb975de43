// Requests come from anybody: head, query and body of one, as the session of the connection hands
// them over. What the ingress lets pass can be stored and comes back the same, and keeps the rules
// for scopes, limit keys, delays and headers.

#include "common/duration_text.h"
#include "common/time_text.h"
#include "fuzz/fuzz.h"
#include "ingress/awakeable.h"
#include "ingress/invoke_request.h"
#include "ingress/target_body.h"
#include "schema/scope_name.h"
#include "unit/ingress/fixtures.h"
#include "wire/codec.h"

#include <restate/testing/world.h>

#include <cstddef>
#include <cstdint>

using namespace restate;

namespace {

/// The text up to the next line break, which goes too.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

void check(const wire::ServiceInvocation& invocation, bool send) {
  const auto& scope = invocation.target.scope;
  RESTATE_ASSERT(!scope || !schema::refuse_scope(*scope), "what passes has a scope that is one");
  RESTATE_ASSERT(invocation.limit_key.empty() || scope, "limit keys are of scopes");
  const schema::LimitKey again = schema::parse_limit_key(invocation.limit_key);
  RESTATE_ASSERT(!again.refusal && again.text == invocation.limit_key, "it is stored as it reads");
  RESTATE_ASSERT(!invocation.execution_time || (send && *invocation.execution_time <= kLastNamedTime),
                 "only sends wait, and until a time that has a name");
  for (std::size_t i = 1; i < invocation.headers.size(); ++i) {
    RESTATE_ASSERT(ingress::is_plain_ascii(invocation.headers[i].value), "values are plain");
  }
  const wire::Envelope envelope{{}, wire::Invoke{invocation}};
  const auto stored = wire::decode(wire::encode(envelope));
  RESTATE_ASSERT(stored && *stored == envelope, "what passes can be stored");
}

void pass(http::RequestHead head, Bytes body) {
  static testing::World world{testing::Seed{1}};
  static const schema::SchemaPtr schema = ingress::testing::recorded_services();
  ingress::IngressOptions options;
  options.vqueues = true;
  options.scoped_virtual_objects = body.size() % 2 == 0;
  std::string storage;
  const std::string target = head.target;
  const std::string_view path =
      ingress::normalise(std::string_view(target).substr(0, target.find_first_of("?#")), storage);
  const ingress::Route route = ingress::parse_path(path, *schema);
  const auto* invoke = std::get_if<ingress::InvokeRoute>(&route);
  if (invoke == nullptr) return;
  auto request = ingress::examine(*invoke, schema, head, path, options);
  auto* passed = std::get_if<ingress::InvokeRequest>(&request);
  if (passed == nullptr) return;
  const auto admitted = ingress::admit(*passed, std::move(body), world.shard(), options);
  if (const auto* invocation = std::get_if<wire::ServiceInvocation>(&admitted)) {
    check(*invocation, invoke->send);
  }
}

/// The small grammars by themselves, so that mutations reach their corners.
void parse_parts(std::string_view text) {
  for (const bool controlled : {true, false}) {
    static_cast<void>(ingress::parse_target(text, controlled));
  }
  static_cast<void>(ingress::parse_awakeable_id(text));
  if (const auto ms = parse_duration_ms(text)) {
    const auto again = parse_duration_ms(duration_text(*ms));
    RESTATE_ASSERT(again && *again == *ms, "a duration has a text that means the same");
  }
  const schema::LimitKey key = schema::parse_limit_key(text);
  if (!key.refusal && !key.text.empty()) {
    const std::string level1 = key.text.substr(0, key.text.find('/'));
    RESTATE_ASSERT(!schema::refuse_scope(level1), "levels are like scopes");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view whole = rest;
  http::RequestHead head;
  const std::string_view line = take_line(rest);
  const std::size_t space = line.find(' ');
  head.method = std::string(line.substr(0, space));
  if (space != std::string_view::npos) head.target = std::string(line.substr(space + 1));
  while (!rest.empty()) {
    const std::string_view header = take_line(rest);
    if (header.empty()) break;
    const std::size_t colon = header.find(':');
    if (colon == std::string_view::npos) continue;
    head.headers.add(std::string(header.substr(0, colon)), std::string(header.substr(colon + 1)));
  }
  parse_parts(whole);
  parse_parts(rest);
  if (const auto delay = ingress::query_parameter(head.query(), "delay")) parse_parts(*delay);
  pass(std::move(head), Bytes(rest));
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"POST /Svc/echo/send?delay=10s\ncontent-type:application/json\nidempotency-key:k\n\n{}",
          "POST /restate/scope/tenant-1/send/Svc/echo?delay=PT1.5S&limit-key=a%2Fb\n"
          "content-type:application/json\n\n1",
          "POST /restate/scope/s/call/Obj/k/add\nx-restate-limit-key:a/b/\n"
          "content-type:application/json\nx-a:1\nX-A:2\n\n{}",
          "GET /Svc/noInput\ntraceparent:00-aa-bb-01\ntracestate:x=y\nhost:h\nconnection:close\n\n",
          "POST /Wf/k/run/send?delay=P1DT2H\ncontent-type:application/json\n\n\"x\"",
          "POST /Svc/raw\ncontent-type:text/plain;charset=utf-8\nx-bad:\xff\n\nraw",
          R"({"target":"workflow","workflowName":"Wf","workflowKey":"k","scope":"s"})",
          R"({"target":"idempotentInvocation","service":"Obj","key":"k","handler":"add",)"
          R"("idempotencyKey":"i","scope":"tenant"})",
          R"({"target":"invocation","invocationId":"inv_1"})", "PT1H30M5.25S", "1 day 2h 3ms",
          "level1/level2", "level1/"};
}
