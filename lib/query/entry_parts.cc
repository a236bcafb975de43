#include "query/entry_parts.h"

namespace restate::query {
namespace {

/// The span of a call that nobody traces. Clients that miss one of its members read nothing of the
/// entry.
constexpr std::string_view kNoSpan =
    R"({"span_context":{"trace_id":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"span_id":[0,0,0,0,0,0,0,0],)"
    R"("trace_flags":0,"is_remote":false,"trace_state":""},"cause":null})";

}  // namespace

void put(JsonText& to, const wire::Failure& failure) {
  to.open_object();
  to.key("code").number(failure.code).key("message").text(failure.message);
  if (!failure.metadata.empty()) {
    to.key("metadata").open_array();
    for (const auto& [name, value] : failure.metadata) {
      to.open_object().key("key").text(name).key("value").text(value).close_object();
    }
    to.close_array();
  }
  to.close_object();
}

void put_success(JsonText& to, std::string_view value) {
  to.open_object().key("Success").octets(value).close_object();
}

void put_failure(JsonText& to, const wire::Failure& failure) {
  to.open_object().key("Failure");
  put(to, failure);
  to.close_object();
}

void put_headers(JsonText& to, const std::vector<wire::Header>& headers) {
  to.open_array();
  for (const wire::Header& header : headers) {
    to.open_object().key("name").text(header.name).key("value").text(header.value).close_object();
  }
  to.close_array();
}

void put_opt(JsonText& to, const std::optional<std::string>& text) {
  if (text) {
    to.text(*text);
  } else {
    to.null();
  }
}

void put_duration(JsonText& to, std::uint64_t ms) {
  to.open_object();
  to.key("secs").number(ms / 1000).key("nanos").number(ms % 1000 * 1'000'000);
  to.close_object();
}

void put(JsonText& to, const wire::InvocationTarget& target) {
  const bool shared = target.handler_type == wire::HandlerType::kShared;
  to.open_object();
  switch (target.type) {
    case wire::ServiceType::kService:
      to.key("Service").open_object().key("name").text(target.service);
      to.key("handler").text(target.handler);
      break;
    case wire::ServiceType::kVirtualObject:
      to.key("VirtualObject").open_object().key("name").text(target.service);
      to.key("key").text(target.key).key("handler").text(target.handler);
      to.key("handler_ty").text(shared ? "Shared" : "Exclusive");
      break;
    case wire::ServiceType::kWorkflow:
      to.key("Workflow").open_object().key("name").text(target.service);
      to.key("key").text(target.key).key("handler").text(target.handler);
      to.key("handler_ty").text(shared ? "Shared" : "Workflow");
      break;
  }
  to.key("scope");
  put_opt(to, target.scope);
  to.close_object().close_object();
}

void put(JsonText& to, const wire::NotificationId& id) {
  to.open_object();
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) {
    to.key("CompletionId").number(completion->value);
  } else if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    to.key("SignalIndex").number(index->value);
  } else {
    to.key("SignalName").text(std::get<wire::SignalName>(id).value);
  }
  to.close_object();
}

void put(JsonText& to, const wire::InvocationRef& reference) {
  to.open_object();
  if (const auto* id = std::get_if<std::string>(&reference)) {
    to.key("InvocationId").text(*id);
  } else if (const auto* workflow = std::get_if<wire::WorkflowRef>(&reference)) {
    to.key("Workflow").open_object().key("workflow_name").text(workflow->workflow);
    to.key("workflow_key").text(workflow->key).close_object();
  } else {
    const auto& request = std::get<wire::IdempotentRef>(reference);
    to.key("IdempotentRequest").open_object().key("service_name").text(request.service);
    to.key("service_key");
    put_opt(to, request.key);
    to.key("service_handler").text(request.handler);
    to.key("idempotency_key").text(request.idempotency_key).close_object();
  }
  to.close_object();
}

void put_request(JsonText& to, const wire::CallRequest& request, const wire::CallInfo& info) {
  to.open_object();
  to.key("invocation_id").text(info.callee.str());
  to.key("invocation_target");
  put(to, info.target);
  to.key("span_context").raw(kNoSpan);
  to.key("parameter").octets(request.parameter.view());
  to.key("headers");
  put_headers(to, request.headers);
  to.key("idempotency_key");
  put_opt(to, request.idempotency_key);
  to.key("completion_retention_duration");
  put_duration(to, info.retention.completion_ms);
  to.key("journal_retention_duration");
  put_duration(to, info.retention.journal_ms);
  if (request.limit_key) to.key("limit_key").text(*request.limit_key);
  to.close_object();
}

void put(JsonText& to, const wire::AwaitTree& tree) {
  to.open_object().key(wire::combinator_name(tree.combinator)).open_array();
  for (const wire::NotificationId& leaf : tree.leaves) {
    to.open_object().key("Single");
    put(to, leaf);
    to.close_object();
  }
  for (const wire::AwaitTree& node : tree.nested) put(to, node);
  to.close_array().close_object();
}

}  // namespace restate::query
