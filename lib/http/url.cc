#include "http/url.h"

#include "common/ascii.h"
#include "http/message.h"

namespace restate::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad(std::string_view text, std::string_view why) {
  return {Code::kInvalidArgument,
          "'" + std::string(text) + "' is not a usable URL: " + std::string(why)};
}

/// Blanks and controls in a URL would end up in a request line.
bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
  }
  return true;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::target(std::string_view below) const {
  std::string text = path;
  while (!text.empty() && text.back() == '/') text.pop_back();
  text += below;
  if (text.empty()) text = "/";
  if (!query.empty()) text += "?" + query;
  return text;
}

std::string Url::str() const {
  return (tls ? "https://" : "http://") + authority() + path + (query.empty() ? "" : "?" + query);
}

Result<Url> parse_url(std::string_view text) {
  if (!is_printable(text)) return bad(text, "blanks and control characters are not allowed");
  Url url;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad(text, "it is not absolute");
  const std::string_view scheme = text.substr(0, scheme_end);
  if (ascii_equal(scheme, "https")) {
    url.tls = true;
    url.port = 443;
  } else if (!ascii_equal(scheme, "http")) {
    return bad(text, "the scheme is neither http nor https");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t authority_end = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, authority_end);
  rest = authority_end == std::string_view::npos ? std::string_view() : rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) return bad(text, "it carries user info");

  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad(text, "the bracket is not closed");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return bad(text, "the port is wrong");
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (url.host.empty()) return bad(text, "it has no host");
  for (char& c : url.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  if (port.size() > 1) {
    const auto number = parse_decimal(port.substr(1));
    if (!number || *number == 0 || *number > 65'535) return bad(text, "the port is wrong");
    url.port = static_cast<std::uint16_t>(*number);
  }

  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  rest = rest.substr(0, question);
  if (!rest.empty()) url.path = rest;
  return url;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

std::string form_decode(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  return percent_decode(spaced);
}

}  // namespace restate::http
