#include "http/machine/http1_target.h"

#include "common/ascii.h"

namespace restate::http {

void read_target(std::string_view url, RequestHead& head) {
  if (const auto host = head.headers.find("host")) head.authority = *host;
  url = url.substr(0, url.find('#'));
  if (url == "*" || (!url.empty() && url.front() == '/')) {
    head.target = url;
    return;
  }
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) {  // CONNECT names an authority
    if (!url.empty()) head.authority = url;
    head.target.clear();
    return;
  }
  head.scheme = ascii_equal(url.substr(0, scheme_end), "https") ? "https" : "http";
  url.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = url.find_first_of("/?");
  head.authority = url.substr(0, authority_end);
  url = authority_end == std::string_view::npos ? std::string_view() : url.substr(authority_end);
  head.target.clear();
  if (url.empty() || url.front() == '?') head.target = "/";
  head.target += url;
}

}  // namespace restate::http
