#include "schema/json.h"
#include "schema/schema.h"

#include <array>

namespace restate::schema {
namespace {

/// How an enumerator is written. The texts are part of the format.
template <class Enum>
struct Word {
  Enum value;
  std::string_view text;
};
constexpr std::array kServiceTypes{Word{wire::ServiceType::kService, "Service"},
                                   Word{wire::ServiceType::kVirtualObject, "VirtualObject"},
                                   Word{wire::ServiceType::kWorkflow, "Workflow"}};
constexpr std::array kHandlerTypes{Word{wire::HandlerType::kPlain, "Plain"},
                                   Word{wire::HandlerType::kExclusive, "Exclusive"},
                                   Word{wire::HandlerType::kShared, "Shared"},
                                   Word{wire::HandlerType::kWorkflow, "Workflow"}};
constexpr std::array kProtocolTypes{Word{ProtocolType::kBidiStream, "BidiStream"},
                                    Word{ProtocolType::kRequestResponse, "RequestResponse"}};
constexpr std::array kHttpVersions{Word{HttpVersion::kHttp11, "HTTP/1.1"},
                                   Word{HttpVersion::kHttp2, "HTTP/2.0"}};

template <class Words, class Enum>
std::string_view word_of(const Words& words, Enum value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return {};
}

template <class Words, class Enum>
bool require_word(const Json& object, const char* name, const Words& words, Enum& out) {
  std::string text;
  if (!require(object, name, text)) return false;
  for (const auto& word : words) {
    if (word.text != text) continue;
    out = word.value;
    return true;
  }
  return false;
}

void put_metadata(Json& object, const std::map<std::string, std::string>& metadata) {
  if (!metadata.empty()) object["metadata"] = metadata;
}

Json to_json(const Options& options) {
  Json json = Json::object();
  put(json, "inactivity_timeout_ms", options.inactivity_timeout_ms);
  put(json, "abort_timeout_ms", options.abort_timeout_ms);
  put(json, "journal_retention_ms", options.journal_retention_ms);
  put(json, "idempotency_retention_ms", options.idempotency_retention_ms);
  put(json, "workflow_completion_retention_ms", options.workflow_completion_retention_ms);
  put(json, "enable_lazy_state", options.enable_lazy_state);
  put(json, "ingress_private", options.ingress_private);
  put(json, "retry_initial_ms", options.retry_initial_ms);
  put(json, "retry_max_interval_ms", options.retry_max_interval_ms);
  put(json, "retry_max_attempts", options.retry_max_attempts);
  put(json, "retry_factor", options.retry_factor);
  put(json, "retry_kill", options.retry_kill);
  return json;
}

bool read_value(const Json& json, Options& out) {
  return json.is_object() && take(json, "inactivity_timeout_ms", out.inactivity_timeout_ms) &&
         take(json, "abort_timeout_ms", out.abort_timeout_ms) &&
         take(json, "journal_retention_ms", out.journal_retention_ms) &&
         take(json, "idempotency_retention_ms", out.idempotency_retention_ms) &&
         take(json, "workflow_completion_retention_ms", out.workflow_completion_retention_ms) &&
         take(json, "enable_lazy_state", out.enable_lazy_state) &&
         take(json, "ingress_private", out.ingress_private) &&
         take(json, "retry_initial_ms", out.retry_initial_ms) &&
         take(json, "retry_max_interval_ms", out.retry_max_interval_ms) &&
         take(json, "retry_max_attempts", out.retry_max_attempts) &&
         take(json, "retry_factor", out.retry_factor) && take(json, "retry_kill", out.retry_kill);
}

Json to_json(const Handler& handler) {
  Json json{{"name", handler.name}, {"type", word_of(kHandlerTypes, handler.type)}};
  if (handler.input.declared) {
    Json& input = json["input"] = {{"required", handler.input.required}};
    put(input, "content_type", handler.input.content_type);
    put(input, "json_schema", handler.input.json_schema);
  }
  if (handler.output.declared) {
    Json& output = json["output"] = {
        {"set_content_type_if_empty", handler.output.set_content_type_if_empty}};
    put(output, "content_type", handler.output.content_type);
    put(output, "json_schema", handler.output.json_schema);
  }
  if (handler.options != Options{}) json["options"] = to_json(handler.options);
  put(json, "documentation", handler.documentation);
  put_metadata(json, handler.metadata);
  return json;
}

bool read_value(const Json& json, Handler& out) {
  if (const Json* input = member(json, "input")) {
    out.input.declared = true;
    if (!take(*input, "required", out.input.required) ||
        !take(*input, "content_type", out.input.content_type) ||
        !take(*input, "json_schema", out.input.json_schema)) {
      return false;
    }
  }
  if (const Json* output = member(json, "output")) {
    out.output.declared = true;
    if (!take(*output, "set_content_type_if_empty", out.output.set_content_type_if_empty) ||
        !take(*output, "content_type", out.output.content_type) ||
        !take(*output, "json_schema", out.output.json_schema)) {
      return false;
    }
  }
  const Json* options = member(json, "options");
  return (options == nullptr || read_value(*options, out.options)) &&
         require(json, "name", out.name) && require_word(json, "type", kHandlerTypes, out.type) &&
         take(json, "documentation", out.documentation) && take(json, "metadata", out.metadata);
}

Json to_json(const ServiceRevision& service) {
  Json json{{"name", service.name},
            {"type", word_of(kServiceTypes, service.type)},
            {"revision", service.revision}};
  Json& handlers = json["handlers"] = Json::array();
  for (const auto& [name, handler] : service.handlers) handlers.push_back(to_json(handler));
  if (service.options != Options{}) json["options"] = to_json(service.options);
  put(json, "documentation", service.documentation);
  put_metadata(json, service.metadata);
  return json;
}

bool read_value(const Json& json, ServiceRevision& out) {
  const Json* options = member(json, "options");
  const Json* handlers = member(json, "handlers");
  if (handlers == nullptr || !handlers->is_array()) return false;
  for (const Json& item : *handlers) {
    Handler handler;
    if (!read_value(item, handler)) return false;
    std::string name = handler.name;
    out.handlers.emplace(std::move(name), std::move(handler));
  }
  return (options == nullptr || read_value(*options, out.options)) &&
         require(json, "name", out.name) && require_word(json, "type", kServiceTypes, out.type) &&
         require(json, "revision", out.revision) &&
         take(json, "documentation", out.documentation) && take(json, "metadata", out.metadata);
}

Json to_json(const Deployment& deployment) {
  Json json{{"id", deployment.id.str()},
            {"protocol_type", word_of(kProtocolTypes, deployment.protocol_type)},
            {"http_version", word_of(kHttpVersions, deployment.http_version)},
            {"min_protocol", deployment.min_protocol},
            {"max_protocol", deployment.max_protocol},
            {"created_at_ms", deployment.created_at.ms}};
  if (!deployment.uri.empty()) json["uri"] = deployment.uri;
  if (!deployment.lambda_arn.empty()) json["lambda_arn"] = deployment.lambda_arn;
  put(json, "assume_role_arn", deployment.assume_role_arn);
  if (deployment.lambda_zstd) json["lambda_zstd"] = true;
  if (deployment.in_process) json["in_process"] = true;
  put(json, "sdk_version", deployment.sdk_version);
  if (!deployment.additional_headers.empty()) {
    Json& headers = json["additional_headers"] = Json::array();
    for (const wire::Header& header : deployment.additional_headers) {
      headers.push_back(Json::array({header.name, header.value}));
    }
  }
  put_metadata(json, deployment.metadata);
  Json& services = json["services"] = Json::array();
  for (const ServiceRevision& service : deployment.services) services.push_back(to_json(service));
  return json;
}

bool read_headers(const Json& json, std::vector<wire::Header>& out) {
  if (!json.is_array()) return false;
  for (const Json& item : json) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) {
      return false;
    }
    out.push_back({item[0].get<std::string>(), item[1].get<std::string>()});
  }
  return true;
}

bool read_value(const Json& json, Deployment& out) {
  std::string id;
  if (!require(json, "id", id)) return false;
  auto parsed = DeploymentId::parse(id);
  if (!parsed) return false;
  out.id = *parsed;
  const Json* headers = member(json, "additional_headers");
  if (headers != nullptr && !read_headers(*headers, out.additional_headers)) return false;
  const Json* services = member(json, "services");
  if (services == nullptr || !services->is_array()) return false;
  for (const Json& item : *services) {
    ServiceRevision& service = out.services.emplace_back();
    service.deployment = out.id;
    if (!read_value(item, service)) return false;
  }
  return require_word(json, "protocol_type", kProtocolTypes, out.protocol_type) &&
         require_word(json, "http_version", kHttpVersions, out.http_version) &&
         require(json, "min_protocol", out.min_protocol) &&
         require(json, "max_protocol", out.max_protocol) &&
         require(json, "created_at_ms", out.created_at.ms) && take(json, "uri", out.uri) &&
         take(json, "lambda_arn", out.lambda_arn) &&
         take(json, "assume_role_arn", out.assume_role_arn) &&
         take(json, "lambda_zstd", out.lambda_zstd) && take(json, "in_process", out.in_process) &&
         take(json, "sdk_version", out.sdk_version) && take(json, "metadata", out.metadata);
}

Json to_json(const KafkaCluster& cluster) {
  return {{"name", cluster.name},
          {"properties", cluster.properties},
          {"created_at_ms", cluster.created_at.ms}};
}

bool read_value(const Json& json, KafkaCluster& out) {
  return require(json, "name", out.name) && require(json, "properties", out.properties) &&
         require(json, "created_at_ms", out.created_at.ms);
}

Json to_json(const Subscription& subscription) {
  return {{"id", subscription.id.str()},          {"cluster", subscription.cluster},
          {"topic", subscription.topic},          {"service", subscription.service},
          {"handler", subscription.handler},      {"options", subscription.options}};
}

bool read_value(const Json& json, Subscription& out) {
  std::string id;
  if (!require(json, "id", id)) return false;
  const auto parsed = SubscriptionId::parse(id);
  if (!parsed) return false;
  out.id = *parsed;
  return require(json, "cluster", out.cluster) && require(json, "topic", out.topic) &&
         require(json, "service", out.service) && require(json, "handler", out.handler) &&
         require(json, "options", out.options);
}

/// Reads a list that may be absent; `add` takes what stands in it. False: it is none, or cannot be
/// read.
template <class T, class Add>
bool read_list(const Json& json, const char* name, const Add& add) {
  const Json* list = member(json, name);
  if (list == nullptr) return true;
  if (!list->is_array()) return false;
  for (const Json& item : *list) {
    T value;
    if (!read_value(item, value)) return false;
    add(std::move(value));
  }
  return true;
}

}  // namespace

std::string encode(const Schema& schema) {
  Json json{{"version", schema.version}};
  Json& deployments = json["deployments"] = Json::array();
  for (const auto& [id, deployment] : schema.deployments) {
    deployments.push_back(to_json(deployment));
  }
  for (const auto& [name, cluster] : schema.kafka_clusters) {
    json["kafka_clusters"].push_back(to_json(cluster));
  }
  for (const auto& [id, subscription] : schema.subscriptions) {
    json["subscriptions"].push_back(to_json(subscription));
  }
  return json_text(json);
}

Result<Schema> decode(std::string_view text) {
  const auto json = parse_json(text);
  Schema schema;
  if (!json || !require(*json, "version", schema.version)) {
    return Error{Code::kCorrupt, "the schema document is not one"};
  }
  const Json* deployments = member(*json, "deployments");
  if (deployments == nullptr || !deployments->is_array()) {
    return Error{Code::kCorrupt, "the schema document has no deployments"};
  }
  for (const Json& item : *deployments) {
    Deployment deployment;
    if (!read_value(item, deployment)) {
      return Error{Code::kCorrupt, "a deployment of the schema document cannot be read"};
    }
    const DeploymentId id = deployment.id;
    schema.deployments.emplace(id, std::move(deployment));
  }
  const bool read =
      read_list<KafkaCluster>(*json, "kafka_clusters",
                              [&](KafkaCluster&& cluster) {
                                std::string name = cluster.name;
                                schema.kafka_clusters.emplace(std::move(name), std::move(cluster));
                              }) &&
      read_list<Subscription>(*json, "subscriptions", [&](Subscription&& subscription) {
        const SubscriptionId id = subscription.id;
        schema.subscriptions.emplace(id, std::move(subscription));
      });
  if (!read) {
    return Error{Code::kCorrupt, "a subscription of the schema document cannot be read"};
  }
  return schema;
}

}  // namespace restate::schema
