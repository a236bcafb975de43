#include "http/proxy.h"

#include "common/ascii.h"
#include "common/base64.h"
#include "http/message.h"
#include "http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

namespace restate::http {
namespace {

/// An IP address, most significant byte first.
struct IpAddress {
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;  ///< 32 or 128
};

std::optional<IpAddress> parse_ip(std::string_view text) {
  IpAddress address;
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
  } else {
    return std::nullopt;
  }
  return address;
}

bool share_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
  for (unsigned i = 0; i < bits; i += 8) {
    const unsigned left = std::min(bits - i, 8u);
    const auto mask = static_cast<unsigned char>(0xFF << (8 - left));
    if (((a.bytes[i / 8] ^ b.bytes[i / 8]) & mask) != 0) return false;
  }
  return true;
}

bool in_subnet(std::string_view subnet, std::string_view host) {
  const std::size_t slash = subnet.find('/');
  const auto network = parse_ip(subnet.substr(0, slash));
  const auto address = parse_ip(host);
  const auto bits = parse_decimal(subnet.substr(slash + 1));
  return network && address && bits && network->bits == address->bits && *bits <= network->bits &&
         share_prefix(*network, *address, static_cast<unsigned>(*bits));
}

/// `entry` without its port, if it has one and that is `port`; nothing if it is another.
std::optional<std::string_view> host_of(std::string_view entry, std::uint16_t port) {
  std::string_view host = entry;
  std::string_view rest;
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = entry.substr(1, close - 1);
    rest = entry.substr(close + 1);
  } else if (std::count(entry.begin(), entry.end(), ':') == 1) {
    host = entry.substr(0, entry.find(':'));
    rest = entry.substr(host.size());
  }
  if (!rest.empty() && parse_decimal(rest.substr(1)) != port) return std::nullopt;
  return host;
}

bool matches(std::string_view entry, std::string_view host, std::uint16_t port) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return in_subnet(entry, host);
  const auto wanted = host_of(entry, port);
  if (!wanted || wanted->empty()) return false;
  // An address is below no name.
  const auto address = parse_ip(*wanted);
  const auto other = parse_ip(host);
  if (address && other) {
    return other->bits == address->bits && share_prefix(*address, *other, address->bits);
  }
  if (address || other) return false;
  std::string_view name = *wanted;
  if (name.starts_with('*')) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (host.size() == name.size()) return host == name;
  return host.size() > name.size() && host.ends_with(name) &&
         host[host.size() - name.size() - 1] == '.';
}

}  // namespace

std::string Proxy::str() const {
  return Url{.tls = false, .host = host, .port = port, .path = "/", .query = {}}.str();
}

Result<Proxy> parse_proxy(std::string_view text) {
  std::string_view rest = text;
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!ascii_equal(text.substr(0, scheme), "http")) {
      return Error{Code::kInvalidArgument, "a proxy is spoken to over http only"};
    }
    rest.remove_prefix(scheme + 3);
  }
  Proxy proxy;
  const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  if (at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64::encode(percent_decode(rest.substr(0, at)));
    rest.remove_prefix(at + 1);
  }
  auto url = parse_url("http://" + std::string(rest));
  if (!url) {
    return Error{Code::kInvalidArgument, "this is no address of a proxy such as http://proxy:3128"};
  }
  if (url->path != "/" || !url->query.empty()) {
    return Error{Code::kInvalidArgument, "a proxy's address has no path"};
  }
  proxy.host = url->host;
  proxy.port = url->port;
  return proxy;
}

bool is_exempt(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  const std::string name = ascii_lower(host);
  while (!no_proxy.empty()) {
    const std::size_t comma = std::min(no_proxy.find(','), no_proxy.size());
    std::string entry = ascii_lower(no_proxy.substr(0, comma));
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    std::erase(entry, ' ');
    if (matches(entry, name, port)) return true;
  }
  return false;
}

}  // namespace restate::http
