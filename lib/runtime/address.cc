#include "runtime/address.h"

#include <charconv>

namespace restate {
namespace {

Error bad_address(std::string_view text, std::string_view why) {
  std::string message = "address '";
  message.append(text).append("': ").append(why);
  return {Code::kInvalidArgument, std::move(message)};
}

}  // namespace

std::string Address::str() const {
  if (is_unix()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    Address address{.unix_path = std::string(text.substr(kUnix.size()))};
    if (address.unix_path.empty()) return bad_address(text, "the path is empty");
    return address;
  }

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad_address(text, "']' is missing");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(text, "a v6 address stands in brackets");
  }
  if (host.empty()) return bad_address(text, "the host is empty");

  Address address{.host = std::string(host)};
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || failure != std::errc() || end != port.data() + port.size()) {
    return bad_address(text, "the port is no number below 65536");
  }
  return address;
}

}  // namespace restate
