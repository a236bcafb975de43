#include "ingress/dispatch.h"

#include "http/bearer.h"
#include "ingress/awakeable.h"
#include "ingress/identity.h"
#include "ingress/target_body.h"

namespace restate::ingress {
namespace {

using Dispatched = std::variant<Answer, Work>;

Dispatched refused(const Refusal& refusal) { return refuse(refusal); }
Dispatched wrong_method() { return refused({405, "method not allowed"}); }

Answer without_token() {
  Answer answer = refuse({401, "this server wants the header 'authorization: Bearer <token>'"});
  http::Header challenge = http::challenge();
  answer.head.headers.add(std::move(challenge.name), std::move(challenge.value));
  return answer;
}

struct Dispatcher {
  http::RequestHead& head;
  std::string_view path;
  Context& context;
  const schema::SchemaPtr& schema;

  Dispatched operator()(const Refusal& refusal) const { return refused(refusal); }

  Dispatched operator()(const InvokeRoute& route) const {
    auto request = examine(route, schema, head, path, context.options);
    if (auto* refusal = std::get_if<Refusal>(&request)) {
      Answer answer = refuse(*refusal);
      context.metrics.note(route.service->name, route.send, answer, Duration{0});
      return answer;
    }
    return Work(std::get<InvokeRequest>(std::move(request)));
  }

  Dispatched operator()(const ResultByIdRoute& route) const {
    auto id = parse_invocation_id(route.id);
    if (auto* refusal = std::get_if<Refusal>(&id)) return refused(*refusal);
    return result(route.mode, std::get<InvocationId>(id));
  }

  Dispatched operator()(const ResultByKeyRoute& route) const {
    IdempotentTarget target;
    target.service = route.service->name;
    if (route.service->type != wire::ServiceType::kService) target.key = route.key;
    target.handler = route.handler;
    target.idempotency_key = route.idempotency_key;
    return result(route.mode, identify(target, context.options.controlled_idempotent_sharding));
  }

  Dispatched operator()(const ResultOfWorkflowRoute& route) const {
    return result(route.mode, identify_workflow(route.workflow, route.key, std::nullopt));
  }

  Dispatched operator()(const ResultOfTargetRoute& route) const {
    if (head.method != "POST") return wrong_method();
    return Work(ResultRequest{route.mode, std::nullopt});
  }

  Dispatched operator()(const LookupRoute&) const {
    if (head.method != "POST") return wrong_method();
    return Work(LookupRequest{});
  }

  Dispatched operator()(const AwakeableRoute& route) const {
    if (head.method != "POST") return wrong_method();
    auto id = parse_awakeable_id(route.id);
    if (auto* refusal = std::get_if<Refusal>(&id)) return refused(*refusal);
    const auto& awakeable = std::get<std::optional<AwakeableId>>(id);
    AwakeableRequest request;
    request.resolve = route.resolve;
    request.known = awakeable.has_value();
    if (awakeable) {
      request.invocation = awakeable->invocation;
      request.signal = awakeable->signal;
    }
    return Work(request);
  }

  Dispatched operator()(const HealthRoute&) const {
    if (head.method != "GET") return wrong_method();
    if (!context.client.ready()) return refused({503, "not all partitions are served yet"});
    // Whoever balances load needs no token, nor the names of services.
    if (!http::shows_token(head.headers, context.options.bearer_token)) {
      return answer_health(schema::Schema());
    }
    return answer_health(*schema);
  }

  Dispatched result(ResultMode mode, const InvocationId& id) const {
    if (head.method != "GET") return wrong_method();
    return Work(ResultRequest{mode, id});
  }
};

}  // namespace

Dispatched dispatch(http::RequestHead& head, Context& context) {
  const auto& limit = context.options.concurrent_requests;
  const auto& of_node = context.options.node_in_flight;
  if (limit && (of_node ? of_node->load() : context.in_flight) >= *limit) {
    context.metrics.rate_limited.add();
    return refused(overloaded());
  }
  context.metrics.admitted.add();
  std::string_view raw = head.path();
  raw = raw.substr(0, raw.find('#'));
  std::string storage;
  const std::string_view path = normalise(raw, storage);
  const schema::SchemaPtr schema = context.schemas.current();
  const auto route = parse_path(path, *schema);
  if (const std::string& token = context.options.bearer_token;
      !token.empty() && !std::holds_alternative<HealthRoute>(route)) {
    if (!http::shows_token(head.headers, token)) return without_token();
    head.headers.remove("authorization");
  }
  return std::visit(Dispatcher{head, path, context, schema}, route);
}

}  // namespace restate::ingress
