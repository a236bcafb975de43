#include "admin/deployment_body.h"

#include "common/ascii.h"
#include "http/url.h"
#include "protocol/lambda.h"

#include <algorithm>

namespace restate::admin {
namespace {

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

/// Characters that no URI has, relative or not.
bool looks_like_uri(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"' ||
           c == '{' || c == '}' || c == '|' || c == '\\' || c == '^' || c == '`';
  });
}

bool read_headers(const Json& json, std::optional<std::map<std::string, std::string>>& out) {
  std::optional<std::map<std::string, std::string>> raw;
  if (!schema::take(json, "additional_headers", raw)) return false;
  if (!raw) return true;
  out.emplace();
  for (auto& [name, value] : *raw) {
    if (!is_token(name) || !is_header_value(value)) return false;
    out->insert_or_assign(ascii_lower(name), std::move(value));
  }
  return true;
}

bool read_members(const Json& json, DeploymentBody& out) {
  return schema::take(json, "uri", out.uri) && (!out.uri || looks_like_uri(*out.uri)) &&
         schema::take(json, "arn", out.arn) &&
         schema::take(json, "assume_role_arn", out.assume_role_arn) &&
         read_headers(json, out.additional_headers) && schema::take(json, "metadata", out.metadata) &&
         schema::take(json, "use_http_11", out.use_http11) &&
         schema::take(json, "breaking", out.breaking) && schema::take(json, "force", out.force) &&
         schema::take(json, "overwrite", out.overwrite) &&
         schema::take(json, "dry_run", out.dry_run);
}

}  // namespace

std::optional<DeploymentBody> read_deployment_body(Call& call, BodyKind kind) {
  auto json = call.read_json();
  if (!json) return std::nullopt;
  DeploymentBody body;
  if (!json->is_object() || !read_members(*json, body)) {
    call.text(422, "The body is no deployment: a member has a wrong type or value");
    return std::nullopt;
  }
  // The mere presence of `uri`, even as null, makes the variant.
  body.is_http = json->contains("uri");
  const Json* auth = schema::member(*json, "auth");
  body.has_auth = body.is_http && auth != nullptr;
  if (kind == BodyKind::kRegistration && (body.is_http ? !body.uri : !body.arn)) {
    call.text(422, "The body is no deployment: it has neither `uri` nor `arn`");
    return std::nullopt;
  }
  if (!body.is_http) body.use_http11.reset();
  return body;
}

std::optional<std::string> normal_uri(Call& call, const std::string& uri) {
  auto url = http::parse_url(uri);
  if (url) return url->str();
  call.error(400, {}, "uri: '" + uri + "' is not an absolute http or https address: " +
                          url.error().message);
  return std::nullopt;
}

bool check_arn(Call& call, const std::string& arn) {
  const auto parsed = protocol::parse_lambda_arn(arn);
  if (!parsed) call.error(400, {}, "arn: " + parsed.error().message);
  return parsed.has_value();
}

}  // namespace restate::admin
