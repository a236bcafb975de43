#include "protocol/manifest_decode.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace restate::protocol {
namespace {

using Json = nlohmann::json;

/// A manifest nests four levels; schemas within it nest more. Nobody writes this many by hand.
constexpr int kMaxJsonDepth = 256;

/// One JSON object being taken apart: every member is asked for once, and in the end none may be
/// left. The first thing that is wrong stays in `problem`.
class Fields {
 public:
  Fields(const Json& object, std::string where, std::optional<std::string>& problem)
      : object_(object), where_(std::move(where)), problem_(problem) {
    if (!object.is_object()) complain("expected an object");
  }

  /// The member, or null if it is absent or null.
  const Json* find(std::string_view name) {
    if (!object_.is_object()) return nullptr;
    known_.emplace_back(name);
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json* need(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) complain("missing field `" + std::string(name) + "`");
    return value;
  }

  std::optional<std::string> text(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      wrong_type(name, "a string");
      return {};
    }
    return value->get<std::string>();
  }
  std::optional<bool> flag(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_boolean()) {
      wrong_type(name, "a boolean");
      return {};
    }
    return value->get<bool>();
  }
  std::optional<std::uint64_t> count(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_number_unsigned()) {
      wrong_type(name, "an integer of at least 0");
      return {};
    }
    return value->get<std::uint64_t>();
  }
  std::optional<double> number(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_number()) {
      wrong_type(name, "a number");
      return {};
    }
    return value->get<double>();
  }
  /// The position of a text among `choices`.
  std::optional<std::size_t> choice(std::string_view name,
                                    std::initializer_list<std::string_view> choices) {
    const auto value = text(name);
    if (!value) return {};
    const auto found = std::find(choices.begin(), choices.end(), *value);
    if (found == choices.end()) {
      complain("unknown variant `" + *value + "` of `" + std::string(name) + "`");
      return {};
    }
    return static_cast<std::size_t>(found - choices.begin());
  }

  void complain(const std::string& what) {
    if (!problem_) problem_ = where_.empty() ? what : what + " in " + where_;
  }
  /// To be called once everything known was asked for.
  void no_others() {
    if (!object_.is_object()) return;
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        complain("unknown field `" + name + "`");
      }
    }
  }

 private:
  void wrong_type(std::string_view name, const char* expected) {
    complain("`" + std::string(name) + "` is not " + expected);
  }

  const Json& object_;
  std::string where_;
  std::optional<std::string>& problem_;
  std::vector<std::string_view> known_;
};

ManifestOptions decode_options(Fields& fields) {
  ManifestOptions options;
  options.documentation = fields.text("documentation");
  if (const Json* metadata = fields.find("metadata")) {
    if (!metadata->is_object()) {
      fields.complain("`metadata` is not an object");
    } else {
      for (const auto& [key, value] : metadata->items()) {
        if (value.is_string()) {
          options.metadata[key] = value.get<std::string>();
        } else {
          fields.complain("`metadata` holds something that is not a string");
        }
      }
    }
  }
  options.inactivity_timeout_ms = fields.count("inactivityTimeout");
  options.abort_timeout_ms = fields.count("abortTimeout");
  options.journal_retention_ms = fields.count("journalRetention");
  options.idempotency_retention_ms = fields.count("idempotencyRetention");
  options.enable_lazy_state = fields.flag("enableLazyState");
  options.ingress_private = fields.flag("ingressPrivate");
  options.retry_initial_ms = fields.count("retryPolicyInitialInterval");
  options.retry_max_interval_ms = fields.count("retryPolicyMaxInterval");
  options.retry_max_attempts = fields.count("retryPolicyMaxAttempts");
  // An invocation that makes no attempt at all would never end.
  if (options.retry_max_attempts == 0u) options.retry_max_attempts = 1;
  options.retry_factor = fields.number("retryPolicyExponentiationFactor");
  if (const auto choice = fields.choice("retryPolicyOnMaxAttempts", {"PAUSE", "KILL"})) {
    options.retry_kill = *choice == 1;
  }
  return options;
}

std::optional<std::string> decode_json_schema(Fields& fields) {
  // `false` and `true` are schemas, so this is not one of the optional fields that may be null.
  const Json* schema = fields.find("jsonSchema");
  return schema == nullptr ? std::nullopt : std::optional(schema->dump());
}

RawHandler decode_handler(const Json& json, std::optional<std::string>& problem) {
  Fields fields(json, "a handler", problem);
  RawHandler raw;
  ManifestHandler& handler = raw.handler;
  fields.need("name");
  handler.name = fields.text("name").value_or("");
  if (!is_handler_name(handler.name)) {
    fields.complain("the name '" + handler.name +
                    "' doesn't match pattern \"^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$\"");
  }
  raw.type = fields.choice("ty", {"WORKFLOW", "EXCLUSIVE", "SHARED"});
  if (const Json* input = fields.find("input")) {
    Fields part(*input, "the input of " + handler.name, problem);
    handler.input.emplace();
    handler.input->required = part.flag("required").value_or(false);
    handler.input->content_type = part.text("contentType");
    handler.input->json_schema = decode_json_schema(part);
    part.no_others();
  }
  if (const Json* output = fields.find("output")) {
    Fields part(*output, "the output of " + handler.name, problem);
    handler.output.emplace();
    handler.output->content_type = part.text("contentType");
    handler.output->set_content_type_if_empty = part.flag("setContentTypeIfEmpty").value_or(false);
    handler.output->json_schema = decode_json_schema(part);
    part.no_others();
  }
  handler.options = decode_options(fields);
  handler.options.workflow_completion_retention_ms = fields.count("workflowCompletionRetention");
  fields.no_others();
  return raw;
}

RawService decode_service(const Json& json, std::optional<std::string>& problem) {
  Fields fields(json, "a service", problem);
  RawService raw;
  fields.need("name");
  raw.service.name = fields.text("name").value_or("");
  if (!is_service_name(raw.service.name)) {
    fields.complain("the name '" + raw.service.name +
                    "' doesn't match pattern \"^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9._-]*$\"");
  }
  fields.need("ty");
  if (const auto type = fields.choice("ty", {"SERVICE", "VIRTUAL_OBJECT", "WORKFLOW"})) {
    raw.service.type = static_cast<wire::ServiceType>(*type);
  }
  if (const Json* handlers = fields.need("handlers")) {
    if (!handlers->is_array()) fields.complain("`handlers` is not an array");
    for (const Json& handler : *handlers) raw.handlers.push_back(decode_handler(handler, problem));
  }
  raw.service.options = decode_options(fields);
  fields.no_others();
  return raw;
}

RawManifest decode_document(const Json& json, std::optional<std::string>& problem) {
  Fields fields(json, "", problem);
  RawManifest raw;
  raw.mode = fields.choice("protocolMode", {"BIDI_STREAM", "REQUEST_RESPONSE"});
  for (const auto& [name, field] :
       {std::pair{"minProtocolVersion", &raw.min}, std::pair{"maxProtocolVersion", &raw.max}}) {
    fields.need(name);
    *field = fields.count(name).value_or(0);
    if (*field == 0) fields.complain(std::string("`") + name + "` is not at least 1");
  }
  raw.zstd = fields.choice("lambdaCompression", {"zstd"}).has_value();
  if (const Json* services = fields.need("services")) {
    if (!services->is_array()) fields.complain("`services` is not an array");
    for (const Json& service : *services) raw.services.push_back(decode_service(service, problem));
  }
  fields.no_others();
  return raw;
}

/// Brackets outside of strings: a document that is only nesting must not reach recursive code.
bool nests_too_deeply(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

RawManifest decode_manifest(std::string_view body, std::optional<std::string>& problem) {
  if (nests_too_deeply(body)) {
    problem = "it is nested too deeply";
    return {};
  }
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) {
    problem = "it is not JSON";
    return {};
  }
  return decode_document(json, problem);
}

}  // namespace restate::protocol
