#pragma once

/// \file
/// The proxy behind which deployments may be, and whom it is not for.

#include <restate/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::http {

/// One that makes tunnels (CONNECT); it is spoken to without TLS.
struct Proxy {
  std::string host;
  std::uint16_t port = 80;
  std::string authorization;  ///< value of `proxy-authorization`; empty: none
  bool operator==(const Proxy&) const = default;

  /// `http://proxy:3128/`, without what is secret.
  std::string str() const;
};

/// `http://[user:password@]host[:port]`, or only `host:port`.
/// - `kInvalidArgument`: anything else.
Result<Proxy> parse_proxy(std::string_view text);

/// True if `host` is reached directly. `no_proxy` is a list separated by commas: `*`, names (which
/// stand for what is below them, too, with or without a leading dot), addresses, and subnets such
/// as `10.0.0.0/8`; each but the subnets may end in a port.
bool is_exempt(std::string_view no_proxy, std::string_view host, std::uint16_t port);

}  // namespace restate::http
