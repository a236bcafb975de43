#include "admin/call.h"

#include "common/ascii.h"
#include "http/gzip.h"
#include "http/url.h"

namespace restate::admin {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kTextType = "text/plain; charset=utf-8";

/// Bodies of this size are worth the trouble; larger ones would hold up others for too long.
constexpr std::size_t kLeastToCompress = 1024, kMostToCompress = 4 * 1024 * 1024;

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

}  // namespace

Json error_body(std::string_view code, std::string_view message) {
  return {{"message", message}, {"restate_code", code.empty() ? Json() : Json(code)}};
}

Call::Call(const http::RequestHead& head, Bytes body, http::Responder responder)
    : method_(head.method),
      path_(head.path()),
      query_(head.query()),
      body_type_(header(head, "content-type")),
      accept_(header(head, "accept")),
      accepts_gzip_(http::accepts_gzip(header(head, "accept-encoding"))),
      body_(std::move(body)),
      responder_(std::move(responder)),
      if_none_match_(header(head, "if-none-match")) {}

void Call::json(int status, const Json& body, http::Headers headers) {
  http::ResponseHead head{status, std::move(headers)};
  head.headers.add("content-type", std::string(kJsonType));
  // Also with answers that are not compressed: caches must know.
  head.headers.add("vary", "accept-encoding");
  std::string text = schema::json_text(body);
  if (accepts_gzip_ && text.size() >= kLeastToCompress && text.size() <= kMostToCompress) {
    head.headers.add("content-encoding", "gzip");
    text = http::gzip(text);
  }
  responder_.respond(std::move(head), Bytes(std::move(text)));
}

void Call::empty(int status, http::Headers headers) {
  responder_.respond(http::ResponseHead{status, std::move(headers)}, {});
}

void Call::error(int status, std::string_view code, std::string_view message) {
  json(status, error_body(code, message));
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
