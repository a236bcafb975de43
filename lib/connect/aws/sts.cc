#include "connect/aws/sts.h"

#include "protocol/exchange.h"

#include <cstdio>
#include <ctime>
#include <utility>

namespace restate::connect::aws {
namespace {

/// The content of the only element of this name in `xml`.
std::optional<std::string_view> element(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  const std::size_t start = xml.find(open);
  if (start == std::string_view::npos || xml.find(open, start + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t end = xml.find(close, start);
  if (end == std::string_view::npos) return std::nullopt;
  return xml.substr(start + open.size(), end - start - open.size());
}

/// Text without elements in it, its entities resolved.
std::optional<std::string> text_of(std::string_view xml, std::string_view name) {
  const auto content = element(xml, name);
  if (!content || content->find('<') != std::string_view::npos) return std::nullopt;
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string text;
  for (std::size_t i = 0; i < content->size();) {
    bool found = false;
    for (const auto& [entity, character] : kEntities) {
      if (content->substr(i, entity.size()) != entity) continue;
      text.push_back(character);
      i += entity.size();
      found = true;
      break;
    }
    if (!found) text.push_back((*content)[i++]);
  }
  return text;
}

Error refusal(const HttpAnswer& answer) {
  const auto error = element(answer.body, "Error");
  const auto code = error ? text_of(*error, "Code") : std::nullopt;
  const auto message = error ? text_of(*error, "Message") : std::nullopt;
  std::string why = "STS answered " + std::to_string(answer.status);
  if (code) why += " " + *code;
  if (message) why += ": " + *message;
  if (answer.status == 429 || code == "Throttling") return {Code::kOverloaded, std::move(why)};
  if (answer.status >= 500) return {Code::kUnavailable, std::move(why)};
  return {Code::kUnauthenticated, std::move(why)};
}

}  // namespace

HttpQuery make_role_query(const std::string& endpoint, const RoleRequest& request) {
  const bool web = !request.web_identity.empty();
  HttpQuery query;
  query.method = "POST";
  query.url = endpoint + (endpoint.ends_with('/') ? "" : "/");
  query.headers = {{"accept", "application/xml"},
                   {"content-type", "application/x-www-form-urlencoded"}};
  query.body = std::string("Action=") + (web ? "AssumeRoleWithWebIdentity" : "AssumeRole") +
               "&Version=2011-06-15&RoleArn=" + protocol::percent_encode(request.role_arn) +
               "&RoleSessionName=" + protocol::percent_encode(request.session_name);
  if (!request.external_id.empty()) {
    query.body += "&ExternalId=" + protocol::percent_encode(request.external_id);
  }
  if (web) query.body += "&WebIdentityToken=" + protocol::percent_encode(request.web_identity);
  query.timeout = std::chrono::seconds(10);
  return query;
}

Result<Credentials> parse_role_answer(const HttpAnswer& answer) {
  if (answer.status != 200) return refusal(answer);
  const auto part = element(answer.body, "Credentials");
  if (!part) return Error{Code::kInternal, "STS answered without credentials"};
  const auto access = text_of(*part, "AccessKeyId");
  const auto secret = text_of(*part, "SecretAccessKey");
  const auto token = text_of(*part, "SessionToken");
  const auto expiration = text_of(*part, "Expiration");
  const auto expires = expiration ? parse_utc(*expiration) : std::nullopt;
  if (!access || !secret || !token || !expires) {
    return Error{Code::kInternal, "STS answered with incomplete credentials"};
  }
  return Credentials{*access, *secret, *token, expires};
}

std::optional<WallTime> parse_utc(std::string_view text) {
  std::tm parts{};
  int used = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6 ||
      used != 19 || copy.back() != 'Z' || (copy.size() != 20 && copy[19] != '.')) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::time_t seconds = timegm(&parts);
  if (seconds < 0) return std::nullopt;
  return WallTime{static_cast<std::uint64_t>(seconds) * 1000};
}

}  // namespace restate::connect::aws
