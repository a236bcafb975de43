#include "ingress/answer.h"

#include "common/time_text.h"
#include "common/utf8.h"
#include "schema/payload_rules.h"

namespace restate::ingress {
namespace {

constexpr std::string_view kId = "x-restate-id";
constexpr std::string_view kErrorSource = "x-restate-error-source";
/// What scripts of other origins may read, besides what they always may.
constexpr std::string_view kExposed = "x-restate-id, x-restate-error-source";
constexpr std::string_view kExpires = "idempotency-expires";
constexpr std::string_view kContentType = "content-type";
constexpr std::string_view kJson = "application/json";

void add(http::ResponseHead& head, std::string_view name, std::string_view value) {
  head.headers.add(std::string(name), std::string(value));
}

Answer json_answer(int status, std::string body) {
  Answer answer;
  answer.head.status = status;
  answer.head.headers.reserve(6);
  add(answer.head, kContentType, kJson);
  answer.body = Bytes(std::move(body));
  return answer;
}

void add_identity(http::ResponseHead& head, const Outcome& outcome) {
  head.headers.reserve(6);
  add(head, kId, outcome.invocation.str());
  if (outcome.expiry) add(head, kExpires, rfc3339_offset(*outcome.expiry));
}

}  // namespace

int status_of(std::uint32_t failure_code) {
  return failure_code >= 200 && failure_code <= 999 ? static_cast<int>(failure_code) : 500;
}

Answer refuse(const Refusal& refusal) {
  std::string body = "{\"code\":" + std::to_string(refusal.status) + ",\"message\":";
  append_json_string(body, refusal.message);
  body += ",\"source\":\"ingress\"}";
  Answer answer = json_answer(refusal.status, std::move(body));
  add(answer.head, kErrorSource, "ingress");
  answer.source = Answer::Source::kIngress;
  return answer;
}

Answer answer_failure(const Outcome& outcome, const wire::Failure& failure) {
  // The protocol has 32 bits for a code, HTTP clients know 16.
  const std::uint32_t code = failure.code <= UINT16_MAX ? failure.code : 500;
  std::string body = "{\"code\":" + std::to_string(code) + ",\"message\":";
  append_json_string(body, failure.message);
  if (!failure.metadata.empty()) {
    body += ",\"metadata\":{";
    bool first = true;
    for (const auto& [name, value] : failure.metadata) {
      if (!first) body += ',';
      first = false;
      append_json_string(body, name);
      body += ':';
      append_json_string(body, value);
    }
    body += '}';
  }
  body += ",\"source\":\"invocation\"}";
  Answer answer;
  answer.head.status = status_of(code);
  add_identity(answer.head, outcome);
  add(answer.head, kErrorSource, "invocation");
  answer.source = Answer::Source::kInvocation;
  add(answer.head, kContentType, kJson);
  answer.body = Bytes(std::move(body));
  return answer;
}

Answer answer_output(const Outcome& outcome, const schema::Handler& handler) {
  if (const auto* failure = std::get_if<wire::Failure>(&outcome.result)) {
    return answer_failure(outcome, *failure);
  }
  const Bytes& output = std::get<Bytes>(outcome.result);
  Answer answer;
  add_identity(answer.head, outcome);
  const std::string_view type = schema::output_content_type(handler.output, output.empty());
  if (!type.empty()) add(answer.head, kContentType, type);
  answer.body = output;
  return answer;
}

Answer answer_send(const worker::InvokeReply& reply) {
  const std::string id = reply.invocation.str();
  std::string body = "{\"invocationId\":\"" + id + "\"";
  if (reply.execution_time) {
    body += ",\"executionTime\":\"" + rfc3339_short(*reply.execution_time) + "\"";
  }
  body += reply.is_new ? ",\"status\":\"Accepted\"}" : ",\"status\":\"PreviouslyAccepted\"}";
  Answer answer = json_answer(202, std::move(body));
  add(answer.head, kId, id);
  return answer;
}

Answer answer_lookup(const InvocationId& id) {
  return json_answer(200, "{\"invocationId\":\"" + id.str() + "\"}");
}

Answer answer_awakeable() {
  Answer answer;
  answer.head.status = 202;
  return answer;
}

Answer answer_health(const schema::Schema& schema) {
  std::string body = "{\"services\":[";
  bool first = true;
  for (const schema::ServiceRevision* service : schema.services()) {
    if (!first) body += ',';
    first = false;
    append_json_string(body, service->name);
  }
  body += "]}";
  return json_answer(200, std::move(body));
}

void add_cors(http::ResponseHead& head, const std::optional<std::string>& origin, bool preflight) {
  add(head, "vary", "origin, access-control-request-method, access-control-request-headers");
  add(head, "access-control-allow-credentials", "true");
  if (!origin) return;
  add(head, "access-control-allow-origin", *origin);
  if (!preflight) add(head, "access-control-expose-headers", kExposed);
}

Answer answer_preflight(const http::RequestHead& request) {
  Answer answer;
  if (const auto method = request.headers.find("access-control-request-method")) {
    add(answer.head, "access-control-allow-methods", *method);
  }
  if (const auto names = request.headers.find("access-control-request-headers")) {
    add(answer.head, "access-control-allow-headers", *names);
  }
  return answer;
}

}  // namespace restate::ingress
