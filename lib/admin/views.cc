#include "admin/views.h"

#include "common/duration_text.h"
#include "common/time_text.h"
#include "schema/payload_rules.h"

#include <algorithm>

namespace restate::admin {
namespace {

using schema::Options;

std::string_view word(wire::HandlerType type) {
  switch (type) {
    case wire::HandlerType::kPlain:
      return {};
    case wire::HandlerType::kExclusive:
      return "Exclusive";
    case wire::HandlerType::kShared:
      return "Shared";
    case wire::HandlerType::kWorkflow:
      return "Workflow";
  }
  return {};
}

std::string_view word_of_kill(bool kill) { return kill ? "Kill" : "Pause"; }

void put_duration(Json& json, const char* name, const std::optional<std::uint64_t>& ms) {
  if (ms) json[name] = duration_text(*ms);
}

void put_described(Json& json, const std::optional<std::string>& documentation,
                   const std::map<std::string, std::string>& metadata) {
  schema::put(json, "documentation", documentation);
  if (!metadata.empty()) json["metadata"] = metadata;
}

void put_schema(Json& json, const char* name, const std::optional<std::string>& text) {
  if (!text) return;
  if (auto parsed = schema::parse_json(*text)) json[name] = std::move(*parsed);
}

void add_info(Json& json, std::string_view code, const std::string& message) {
  json["info"].push_back({{"code", code}, {"message", message}});
}

/// A retention within the server's maximum, and a note if it was not.
std::uint64_t clamped(Json& json, const char* name, std::uint64_t ms,
                      const std::optional<std::uint64_t>& limit) {
  if (!limit || ms <= *limit) return ms;
  add_info(json, "RT0022",
           std::string(name) + " of " + duration_text(ms) + " exceeds the maximum of " +
               duration_text(*limit) + ", which applies");
  return *limit;
}

void note_ignored_timeout(Json& json, const Options& options,
                          const schema::Deployment& deployment) {
  if (deployment.protocol_type != schema::ProtocolType::kRequestResponse) return;
  if (!options.inactivity_timeout_ms) return;
  add_info(json, "RT0021",
           "the inactivity timeout is ignored: the deployment answers a request at once, so there "
           "is nothing to wait for");
}

std::uint64_t workflow_retention(const schema::ServiceRevision& service,
                                 const schema::Defaults& defaults) {
  for (const auto& [name, handler] : service.handlers) {
    if (handler.type == wire::HandlerType::kWorkflow &&
        handler.options.workflow_completion_retention_ms) {
      return *handler.options.workflow_completion_retention_ms;
    }
  }
  return service.options.workflow_completion_retention_ms.value_or(
      defaults.workflow_completion_retention_ms);
}

Json retry_policy_of(const Options& options, const schema::Defaults& defaults) {
  auto attempts = options.retry_max_attempts ? options.retry_max_attempts : defaults.retry_max_attempts;
  if (defaults.max_retry_attempts) {
    attempts = std::min(attempts.value_or(UINT64_MAX), *defaults.max_retry_attempts);
  }
  if (attempts == 0) attempts = 1;
  return {{"initial_interval",
           duration_text(options.retry_initial_ms.value_or(defaults.retry_initial_ms))},
          {"exponentiation_factor", options.retry_factor.value_or(defaults.retry_factor)},
          {"max_attempts", attempts ? Json(*attempts) : Json()},
          {"max_interval",
           duration_text(options.retry_max_interval_ms.value_or(defaults.retry_max_interval_ms))},
          {"on_max_attempts", word_of_kill(options.retry_kill.value_or(defaults.retry_kill))}};
}

/// Only what the handler itself sets.
Json retry_policy_of(const Options& options) {
  Json policy{{"max_attempts", options.retry_max_attempts ? Json(*options.retry_max_attempts) : Json()}};
  put_duration(policy, "initial_interval", options.retry_initial_ms);
  put_duration(policy, "max_interval", options.retry_max_interval_ms);
  schema::put(policy, "exponentiation_factor", options.retry_factor);
  if (options.retry_kill) policy["on_max_attempts"] = word_of_kill(*options.retry_kill);
  return policy;
}

}  // namespace

Json view_of(const schema::Handler& handler, const schema::ServiceRevision& service,
             const schema::Deployment& deployment) {
  Json json{{"name", handler.name},
            {"public", schema::is_public(service, handler)},
            {"input_description", schema::describe(handler.input)},
            {"output_description", schema::describe(handler.output)},
            {"retry_policy", retry_policy_of(handler.options)}};
  if (handler.type != wire::HandlerType::kPlain) json["ty"] = word(handler.type);
  put_described(json, handler.documentation, handler.metadata);
  put_duration(json, "idempotency_retention", handler.options.idempotency_retention_ms);
  put_duration(json, "journal_retention", handler.options.journal_retention_ms);
  put_duration(json, "inactivity_timeout", handler.options.inactivity_timeout_ms);
  put_duration(json, "abort_timeout", handler.options.abort_timeout_ms);
  schema::put(json, "enable_lazy_state", handler.options.enable_lazy_state);
  put_schema(json, "input_json_schema", handler.input.json_schema);
  put_schema(json, "output_json_schema", handler.output.json_schema);
  note_ignored_timeout(json, handler.options, deployment);
  return json;
}

Json view_of(const schema::ServiceRevision& service, const schema::Deployment& deployment,
             const schema::Defaults& defaults) {
  const Options& options = service.options;
  Json json{{"name", service.name},
            {"ty", schema::word(service.type)},
            {"deployment_id", deployment.id.str()},
            {"revision", service.revision},
            {"public", !options.ingress_private.value_or(false)},
            {"enable_lazy_state", options.enable_lazy_state.value_or(false)},
            {"retry_policy", retry_policy_of(options, defaults)},
            {"handlers", Json::array()}};
  for (const auto& [name, handler] : service.handlers) {
    json["handlers"].push_back(view_of(handler, service, deployment));
  }
  json["idempotency_retention"] = duration_text(clamped(
      json, "idempotency_retention",
      options.idempotency_retention_ms.value_or(defaults.idempotency_retention_ms),
      defaults.max_idempotency_retention_ms));
  json["journal_retention"] = duration_text(
      clamped(json, "journal_retention",
              options.journal_retention_ms.value_or(defaults.journal_retention_ms),
              defaults.max_journal_retention_ms));
  if (service.type == wire::ServiceType::kWorkflow) {
    json["workflow_completion_retention"] = duration_text(
        clamped(json, "workflow_completion_retention", workflow_retention(service, defaults),
                defaults.max_workflow_completion_retention_ms));
  }
  const bool one_way = deployment.protocol_type == schema::ProtocolType::kRequestResponse;
  json["inactivity_timeout"] = duration_text(
      one_way ? 0 : options.inactivity_timeout_ms.value_or(defaults.inactivity_timeout_ms));
  json["abort_timeout"] =
      duration_text(options.abort_timeout_ms.value_or(defaults.abort_timeout_ms));
  put_described(json, service.documentation, service.metadata);
  note_ignored_timeout(json, options, deployment);
  return json;
}

Json view_of(const schema::Deployment& deployment, const schema::Defaults& defaults,
             Detail detail) {
  Json json{{"id", deployment.id.str()},
            {"created_at", rfc3339_nanos(deployment.created_at)},
            {"min_protocol_version", deployment.min_protocol},
            {"max_protocol_version", deployment.max_protocol},
            {"services", Json::array()}};
  if (deployment.lambda_arn.empty()) {
    json["uri"] = deployment.uri;
    json["protocol_type"] = deployment.protocol_type == schema::ProtocolType::kBidiStream
                                ? "BidiStream"
                                : "RequestResponse";
    json["http_version"] =
        deployment.http_version == schema::HttpVersion::kHttp2 ? "HTTP/2.0" : "HTTP/1.1";
  } else {
    json["arn"] = deployment.lambda_arn;
    schema::put(json, "assume_role_arn", deployment.assume_role_arn);
    if (deployment.lambda_zstd) json["compression"] = "Zstd";
  }
  schema::put(json, "sdk_version", deployment.sdk_version);
  for (const wire::Header& header : deployment.additional_headers) {
    json["additional_headers"][header.name] = header.value;
  }
  if (!deployment.metadata.empty()) json["metadata"] = deployment.metadata;
  for (const schema::ServiceRevision& service : deployment.services) {
    json["services"].push_back(detail == Detail::kFull
                                   ? view_of(service, deployment, defaults)
                                   : Json{{"name", service.name}, {"revision", service.revision}});
  }
  return json;
}

Json registration_view(const schema::Deployment& deployment, const schema::Defaults& defaults) {
  Json json{{"id", deployment.id.str()},
            {"min_protocol_version", deployment.min_protocol},
            {"max_protocol_version", deployment.max_protocol},
            {"services", Json::array()}};
  schema::put(json, "sdk_version", deployment.sdk_version);
  for (const schema::ServiceRevision& service : deployment.services) {
    json["services"].push_back(view_of(service, deployment, defaults));
  }
  return json;
}

}  // namespace restate::admin
