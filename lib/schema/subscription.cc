#include "schema/subscription.h"

#include "common/ascii.h"
#include "common/base62.h"

#include <algorithm>
#include <array>

namespace restate::schema {
namespace {

constexpr std::string_view kIdPrefix = "sub_1";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error no_uri(std::string_view text, const char* why) {
  return {Code::kInvalidArgument, "'" + std::string(text) + "' is no URI: " + why};
}

/// Characters that no URI may have unescaped.
bool may_stand_in_uri(char c) {
  return c > ' ' && c < '\x7f' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

/// `host`, `host:port` or `[ip]:port`, perhaps behind `user@`.
bool is_authority(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) text.remove_prefix(at + 1);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return false;
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(std::min(colon + 1, text.size())),
                     text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string SubscriptionId::str() const {
  std::string text(kIdPrefix);
  base62::append(text, ulid.view());
  return text;
}

Result<SubscriptionId> SubscriptionId::parse(std::string_view text) {
  if (!text.starts_with(kIdPrefix) || text.size() != kIdPrefix.size() + base62::kDigits128) {
    return Error{Code::kInvalidArgument, "'" + std::string(text) + "' is no id of a subscription"};
  }
  RESTATE_TRY(const auto raw, base62::decode(text.substr(kIdPrefix.size())));
  return SubscriptionId{Uuid::from(raw)};
}

std::string Subscription::group() const {
  const auto found = options.find("group.id");
  return found == options.end() ? id.str() : found->second;
}

Result<UriParts> parse_uri(std::string_view text) {
  if (text.empty()) return no_uri(text, "it is empty");
  if (!std::all_of(text.begin(), text.end(), may_stand_in_uri)) {
    return no_uri(text, "a character must be escaped");
  }
  UriParts parts;
  std::string_view rest = text.substr(0, text.find_first_of("?#"));
  const std::size_t colon = rest.find("://");
  if (colon != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, colon);
    if (scheme.empty() || !std::all_of(scheme.begin(), scheme.end(), [](char c) {
          return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
        })) {
      return no_uri(text, "its scheme is malformed");
    }
    parts.scheme = ascii_lower(scheme);
    rest.remove_prefix(colon + 3);
    if (rest.empty() || rest.front() == '/') return no_uri(text, "it names no host");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  parts.authority = rest.substr(0, slash);
  if (!is_authority(parts.authority)) return no_uri(text, "its port is no number");
  if (slash < rest.size()) parts.path = rest.substr(slash + 1);
  return parts;
}

bool is_cluster_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
         });
}

bool is_secret(std::string_view property) {
  constexpr std::array<std::string_view, 12> kSecrets{
      "password", "secret", "passphrase", "sasl.username", "sasl.jaas.config",
      "sasl.oauthbearer.config", "token.endpoint.url", "ssl.key.location", "ssl.key.pem",
      "keystore.location", "truststore.location", "sasl.oauthbearer.assertion.private.key"};
  const std::string name = ascii_lower(property);
  return std::any_of(kSecrets.begin(), kSecrets.end(), [&](std::string_view secret) {
    return name.find(secret) != std::string::npos;
  });
}

KafkaProperties redacted(const KafkaProperties& properties) {
  KafkaProperties shown = properties;
  for (auto& [name, value] : shown) {
    if (is_secret(name)) value = "***";
  }
  return shown;
}

}  // namespace restate::schema
