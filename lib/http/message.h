#pragma once

/// \file
/// The heads of requests and responses, the same for HTTP/1.0, 1.1 and 2.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::http {

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

/// `HTTP/1.1`, as the admin API shows it.
std::string_view to_string(Version version);

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

/// Headers in the order of the wire; a name may occur more than once. Names are lower case in
/// everything we receive; lookups ignore case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : headers_(headers) {}

  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  /// Appends, whether or not the name is there already.
  void add(std::string name, std::string value) {
    headers_.push_back({std::move(name), std::move(value)});
  }
  /// Replaces all headers of that name by one.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  /// Gives all of them away; none is left.
  std::vector<Header> release() { return std::exchange(headers_, {}); }

  std::size_t size() const { return headers_.size(); }
  bool empty() const { return headers_.empty(); }
  void reserve(std::size_t count) { headers_.reserve(count); }
  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }
  const Header& operator[](std::size_t index) const { return headers_[index]; }
  bool operator==(const Headers&) const = default;

 private:
  std::vector<Header> headers_;
};

struct RequestHead {
  std::string method = "GET";
  /// Path and query as on the wire. Starts with `/`, or is `*`; never an absolute URI. Empty for
  /// CONNECT, which names an authority only.
  std::string target = "/";
  /// `host` or `host:port`; empty if the client did not say.
  std::string authority;
  std::string scheme = "http";
  Version version = Version::kHttp11;
  Headers headers;

  std::string_view path() const;
  /// Without the `?`; empty if there is none.
  std::string_view query() const;
  /// The announced length of the body, if there is one.
  std::optional<std::uint64_t> content_length() const;
  bool operator==(const RequestHead&) const = default;
};

struct ResponseHead {
  int status = 200;
  Headers headers;
  Version version = Version::kHttp11;  ///< set on what we receive; ignored on what we send
  bool operator==(const ResponseHead&) const = default;
};

/// `Not Found` for 404; empty for a status without a name.
std::string_view reason_phrase(int status);

/// True if a comma-separated header value has `token` in it, ignoring case.
bool has_token(std::string_view value, std::string_view token);
/// Only digits, and small enough for 64 bits.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace restate::http
