#include "schema/openapi.h"

namespace restate::schema {
namespace {

Json reference(const std::string& kind, const std::string& name) {
  return {{"$ref", "#/components/" + kind + "/" + name}};
}

Json json_content(Json schema) {
  Json content = Json::object();
  content["application/json"]["schema"] = std::move(schema);
  return content;
}

Json parameter(const char* name, const char* in, bool required, const char* description) {
  return {{"name", name},
          {"in", in},
          {"required", required},
          {"description", description},
          {"schema", {{"type", "string"}}}};
}

Json shared_parameters() {
  Json json = Json::object();
  json["delay"] = parameter("delay", "query", false,
                            "How long to wait before the invocation starts, such as `10s` or `PT10S`.");
  json["key"] = parameter("key", "path", true, "The key of the object or workflow.");
  json["idempotencyKeyHeader"] =
      parameter("idempotency-key", "header", false,
                "Requests with the same key start one invocation and get its one result.");
  json["idempotencyKeyPath"] =
      parameter("idempotencyKey", "path", true, "The idempotency key of the invocation.");
  return json;
}

Json shared_responses() {
  const auto error = [](const char* description) {
    return Json{{"description", description},
                {"content", json_content(reference("schemas", "RestateError"))}};
  };
  Json json = Json::object();
  json["GenericError"] = error("The request was refused, or the invocation failed.");
  json["InvocationNotFoundError"] = error("There is no such invocation.");
  json["InvocationNotReadyError"] = error("The invocation has not completed yet.");
  Json& send = json["Send"] = {{"description", "The invocation is accepted."}};
  send["content"] = json_content(
      {{"type", "object"},
       {"required", {"invocationId", "status"}},
       {"properties",
        {{"invocationId", {{"type", "string"}}},
         {"executionTime", {{"type", "string"}, {"format", "date-time"}}},
         {"status", {{"type", "string"}, {"enum", {"Accepted", "PreviouslyAccepted"}}}}}}});
  return json;
}

Json error_schema() {
  return {{"type", "object"},
          {"required", {"message", "source"}},
          {"properties",
           {{"code", {{"type", "integer"}}},
            {"message", {{"type", "string"}}},
            {"metadata", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
            {"stacktrace", {{"type", "string"}}},
            {"source", {{"type", "string"}, {"enum", {"ingress", "invocation"}}}}}}};
}

/// Adds what one handler contributes to `document`.
class HandlerPaths {
 public:
  HandlerPaths(Json& document, const ServiceRevision& service, const Handler& handler)
      : document_(document), service_(service), handler_(handler) {}

  void add() {
    request_ = media(handler_.input.json_schema, "Request");
    response_ = media(handler_.output.json_schema, "Response");
    add_invoke("call", handler_.name, false);
    add_invoke("send", handler_.name + "Send", true);
    // Of a workflow only the run has a result that others can ask for.
    if (in_workflow() && !runs_workflow()) return;
    add_result("attach", handler_.name + "Attach", "Attach");
    add_result("output", handler_.name + "Output", "Get Output");
  }

 private:
  bool keyed() const { return service_.type != wire::ServiceType::kService; }
  bool in_workflow() const { return service_.type == wire::ServiceType::kWorkflow; }
  bool runs_workflow() const { return handler_.type == wire::HandlerType::kWorkflow; }

  std::string target() const {
    return service_.name + (keyed() ? "/{key}/" : "/") + handler_.name;
  }

  /// How a body looks: as its JSON schema says, if it has one.
  Json media(const std::optional<std::string>& schema, const char* suffix) {
    Json json = Json::object();
    auto parsed = schema ? parse_json(*schema) : std::nullopt;
    if (!parsed) return json;
    const std::string name = handler_.name + suffix;
    document_["components"]["schemas"][name] = std::move(*parsed);
    json["schema"] = reference("schemas", name);
    return json;
  }

  Json operation(const std::string& id, const std::string& does) const {
    Json json{{"operationId", id},
              {"summary", handler_.name},
              {"parameters", Json::array()},
              {"responses", Json::object()}};
    json["description"] = handler_.documentation.value_or(does);
    if (!handler_.metadata.empty()) json["x-restate-extensions"] = handler_.metadata;
    if (keyed()) json["parameters"].push_back(reference("parameters", "key"));
    return json;
  }

  Json success() const {
    Json json{{"description", "The output of the handler."}};
    const std::string type = handler_.output.declared
                                 ? handler_.output.content_type.value_or(std::string())
                                 : "application/json";
    if (!type.empty()) json["content"][type] = response_;
    return json;
  }

  void add_invoke(const std::string& verb, const std::string& id, bool send) {
    Json json = operation(id, send ? "Starts " + handler_.name + " and does not wait for it."
                                   : "Calls " + handler_.name + " and waits for its output.");
    if (!in_workflow()) {
      json["parameters"].push_back(reference("parameters", "idempotencyKeyHeader"));
    }
    if (send) {
      json["tags"] = {"Send"};
      json["parameters"].push_back(reference("parameters", "delay"));
    }
    const bool takes_body = !handler_.input.declared || handler_.input.content_type;
    if (takes_body) {
      Json& body = json["requestBody"] = {{"required", handler_.input.required}};
      body["content"][handler_.input.content_type.value_or("*/*")] = request_;
    }
    Json& responses = json["responses"];
    responses["200"] = send ? reference("responses", "Send") : success();
    if (send) responses["202"] = reference("responses", "Send");
    responses["default"] = reference("responses", "GenericError");
    document_["paths"]["/restate/" + verb + "/" + target()]["post"] = std::move(json);
  }

  void add_result(const std::string& verb, const std::string& id, const char* tag) {
    Json json = operation(id, "Asks for the output of " + handler_.name + ".");
    json["tags"] = {tag};
    json["deprecated"] = true;
    std::string path;
    if (runs_workflow()) {
      path = "/restate/workflow/" + service_.name + "/{key}/" + verb;
    } else {
      path = "/restate/invocation/" + target() + "/{idempotencyKey}/" + verb;
      json["parameters"].push_back(reference("parameters", "idempotencyKeyPath"));
    }
    Json& responses = json["responses"];
    responses["200"] = success();
    responses["404"] = reference("responses", "InvocationNotFoundError");
    if (verb == "output") responses["470"] = reference("responses", "InvocationNotReadyError");
    responses["default"] = reference("responses", "GenericError");
    document_["paths"][path]["get"] = std::move(json);
  }

  Json& document_;
  const ServiceRevision& service_;
  const Handler& handler_;
  Json request_, response_;
};

}  // namespace

Json openapi_of(const ServiceRevision& service, std::string_view ingress_endpoint) {
  Json document = Json::object();
  document["openapi"] = "3.1.0";
  Json& info = document["info"];
  info["title"] = service.name;
  info["version"] = std::to_string(service.revision);
  put(info, "description", service.documentation);
  if (!service.metadata.empty()) info["x-restate-extensions"] = service.metadata;
  document["servers"] = Json::array();
  if (!ingress_endpoint.empty()) {
    document["servers"].push_back({{"url", ingress_endpoint}, {"description", "The ingress"}});
  }
  for (const char* tag : {"Request Response", "Send", "Attach", "Get Output"}) {
    document["tags"].push_back({{"name", tag}});
  }
  document["paths"] = Json::object();
  Json& components = document["components"];
  components["schemas"]["RestateError"] = error_schema();
  components["parameters"] = shared_parameters();
  components["responses"] = shared_responses();
  for (const auto& [name, handler] : service.handlers) {
    if (is_public(service, handler)) HandlerPaths(document, service, handler).add();
  }
  return document;
}

}  // namespace restate::schema
