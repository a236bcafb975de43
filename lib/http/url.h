#pragma once

/// \file
/// The address of a service endpoint as its owner wrote it, and the escapes of URLs.

#include <restate/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::http {

/// An absolute `http` or `https` URI, taken apart. Host lower case, without brackets.
struct Url {
  bool tls = false;
  std::string host;
  std::uint16_t port = 80;
  std::string path = "/";  ///< starts with `/`
  std::string query;       ///< without the `?`

  /// `host`, with the port unless it is the scheme's own.
  std::string authority() const;
  /// The target of a request for `path` below this URL: the base path without its trailing `/`,
  /// then `path`, then the query of this URL.
  std::string target(std::string_view below) const;
  std::string str() const;
  bool operator==(const Url&) const = default;
};

/// - `kInvalidArgument`: not an absolute URI, another scheme, no host, user info, or a bad port.
Result<Url> parse_url(std::string_view text);

/// Replaces `%XX` by its byte; what is no escape stays as it is.
std::string percent_decode(std::string_view text);
/// The same for names and values of a query, where `+` is a blank.
std::string form_decode(std::string_view text);

}  // namespace restate::http
