#include "admin/call.h"

#include "common/ascii.h"
#include "http/url.h"

namespace restate::admin {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kTextType = "text/plain; charset=utf-8";

/// `application/json` and its kin, parameters aside.
bool is_json(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (ascii_equal(type, kJsonType)) return true;
  constexpr std::string_view kSuffix = "+json";
  return type.starts_with("application/") && type.ends_with(kSuffix);
}

std::string header(const http::RequestHead& head, std::string_view name) {
  return std::string(head.headers.find(name).value_or(std::string_view()));
}

/// `gzip` or `gzip;q=0.5`, but not `gzip;q=0`, among what is separated by commas.
bool names_gzip(std::string_view codings) {
  while (!codings.empty()) {
    const std::size_t comma = codings.find(',');
    std::string coding = ascii_lower(codings.substr(0, comma));
    codings.remove_prefix(comma == std::string_view::npos ? codings.size() : comma + 1);
    std::erase(coding, ' ');
    const std::size_t parameters = coding.find(';');
    if (coding.substr(0, parameters) != "gzip") continue;
    if (parameters == std::string::npos) return true;
    const std::string weight = coding.substr(parameters);
    return !weight.starts_with(";q=0") || weight.find_first_of("123456789") != std::string::npos;
  }
  return false;
}

}  // namespace

Call::Call(const http::RequestHead& head, Bytes body, http::Responder responder)
    : method_(head.method),
      path_(head.path()),
      query_(head.query()),
      body_type_(header(head, "content-type")),
      accept_(header(head, "accept")),
      accepts_gzip_(names_gzip(header(head, "accept-encoding"))),
      body_(std::move(body)),
      responder_(std::move(responder)),
      if_none_match_(header(head, "if-none-match")) {}

void Call::json(int status, const Json& body, http::Headers headers) {
  http::ResponseHead head{status, std::move(headers)};
  head.headers.add("content-type", std::string(kJsonType));
  // Part of what clients of this API see, whether or not a server compresses.
  head.headers.add("vary", "accept-encoding");
  responder_.respond(std::move(head), Bytes(schema::json_text(body)));
}

void Call::empty(int status, http::Headers headers) {
  responder_.respond(http::ResponseHead{status, std::move(headers)}, {});
}

void Call::error(int status, std::string_view code, std::string_view message) {
  json(status, {{"message", message}, {"restate_code", code.empty() ? Json() : Json(code)}});
}

void Call::text(int status, std::string_view message) {
  responder_.respond(status, kTextType, Bytes(message));
}

std::optional<Json> Call::read_json() {
  if (!is_json(body_type_)) {
    text(415, "Expected request with `Content-Type: application/json`");
    return std::nullopt;
  }
  auto json = schema::parse_json(body_.view());
  if (!json) text(400, "The body is not JSON");
  return json;
}

std::optional<std::string> Call::parameter(std::string_view name) const {
  std::string_view rest = query_;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (http::form_decode(pair.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? std::string()
                                              : http::form_decode(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<bool> Call::flag(std::string_view name, bool otherwise) {
  const auto value = parameter(name);
  if (!value) return otherwise;
  if (*value == "true") return true;
  if (*value == "false") return false;
  text(400, "The query parameter `" + std::string(name) + "` is neither `true` nor `false`");
  return std::nullopt;
}

}  // namespace restate::admin
