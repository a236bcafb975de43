#include "http/machine/headers_out.h"

#include "common/ascii.h"

namespace restate::http {
bool is_sendable(const Header& header) {
  if (header.name.empty()) return false;
  for (const char c : header.name) {
    if (!is_token_char(c)) return false;
  }
  for (const char c : header.value) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

bool is_hop_by_hop(std::string_view name) {
  switch (name.size()) {
    case 7:
      return ascii_equal(name, "upgrade");
    case 10:
      return ascii_equal(name, "connection") || ascii_equal(name, "keep-alive");
    case 16:
      return ascii_equal(name, "proxy-connection");
    case 17:
      return ascii_equal(name, "transfer-encoding");
    default:
      return false;
  }
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace restate::http
