#include "http/bearer.h"

#include "common/ascii.h"
#include "common/constant_time.h"

#include <algorithm>

namespace restate::http {
namespace {

/// The token in a header's value; empty if it has another scheme.
std::string_view token_in(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  if (!ascii_equal(value.substr(0, kScheme.size()), kScheme)) return {};
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

}  // namespace

bool shows_token(const Headers& headers, std::string_view token) {
  if (token.empty()) return true;
  return std::any_of(headers.begin(), headers.end(), [&](const Header& header) {
    return ascii_equal(header.name, "authorization") &&
           equal_in_constant_time(token, token_in(header.value));
  });
}

Header challenge() { return {"www-authenticate", "Bearer realm=\"restate\""}; }

std::unique_ptr<ServerRequest> BearerGuard::on_request(RequestHead head, ServerStream& stream) {
  const bool open = options_.is_open && options_.is_open(head);
  if (open || shows_token(head.headers, token_)) return next_.on_request(std::move(head), stream);
  stream.respond({401, {challenge(), {"content-type", options_.body_type}}},
                 Bytes(options_.body));
  return nullptr;
}

}  // namespace restate::http
