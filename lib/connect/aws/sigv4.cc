#include "connect/aws/sigv4.h"

#include "http/url.h"
#include "protocol/exchange.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace restate::connect::aws {
namespace {

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 0xF]);
  }
  return out;
}

std::string sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

/// `20261122T041500Z`
std::string amz_date(WallTime at) {
  const auto seconds = static_cast<std::time_t>(at.ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts));
}

/// The path on the wire, each part of it escaped once more.
std::string canonical_path(std::string_view path) {
  std::string out;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t slash = std::min(path.find('/', start), path.size());
    out += protocol::percent_encode(path.substr(start, slash - start));
    if (slash < path.size()) out += '/';
    start = slash + 1;
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::string> parts;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    std::string part(query.substr(0, end));
    if (part.find('=') == std::string::npos) part += '=';
    parts.push_back(std::move(part));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "&") + part;
  return out;
}

/// Without blanks around it, and with single ones inside.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out.push_back(c);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

Result<void> sign(HttpQuery& query, const Signing& signing) {
  RESTATE_TRY(const http::Url url, http::parse_url(query.url));
  const std::string date = amz_date(signing.now);
  const std::string day = date.substr(0, 8);
  query.headers.push_back({"x-amz-date", date});
  if (!signing.credentials.session_token.empty()) {
    query.headers.push_back({"x-amz-security-token", signing.credentials.session_token});
  }

  std::vector<wire::Header> headers = query.headers;
  headers.push_back({"host", url.authority()});
  std::sort(headers.begin(), headers.end(),
            [](const wire::Header& a, const wire::Header& b) { return a.name < b.name; });
  std::string canonical_headers;
  std::string signed_headers;
  for (const wire::Header& header : headers) {
    canonical_headers += header.name + ":" + trimmed(header.value) + "\n";
    signed_headers += (signed_headers.empty() ? "" : ";") + header.name;
  }
  const std::string request = query.method + "\n" + canonical_path(url.path) + "\n" +
                              canonical_query(url.query) + "\n" + canonical_headers + "\n" +
                              signed_headers + "\n" + hex(sha256(query.body));

  const std::string scope = day + "/" + std::string(signing.region) + "/" +
                            std::string(signing.service) + "/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex(sha256(request));
  std::string key = hmac("AWS4" + signing.credentials.secret_key, day);
  key = hmac(hmac(hmac(key, signing.region), signing.service), "aws4_request");
  query.headers.push_back(
      {"authorization", "AWS4-HMAC-SHA256 Credential=" + signing.credentials.access_key + "/" +
                            scope + ", SignedHeaders=" + signed_headers +
                            ", Signature=" + hex(hmac(key, to_sign))});
  return {};
}

}  // namespace restate::connect::aws
