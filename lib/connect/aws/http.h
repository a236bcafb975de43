#pragma once

/// \file
/// One HTTP exchange with AWS as its parts here see it: whole bodies, nothing streamed.

#include <restate/result.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::connect::aws {

struct HttpQuery {
  std::string method = "GET";
  std::string url;
  std::vector<wire::Header> headers;  ///< names in lower case, without `host`
  std::string body;
  Duration timeout{};       ///< of the whole exchange; zero: none
  bool link_local = false;  ///< to this very machine: past proxies, and soon given up
};

struct HttpAnswer {
  int status = 0;
  std::vector<wire::Header> headers;  ///< names in lower case
  std::string body;

  std::optional<std::string_view> header(std::string_view name) const {
    for (const wire::Header& h : headers) {
      if (h.name == name) return h.value;
    }
    return std::nullopt;
  }
};

/// Blocks until there is an answer, whatever its status.
/// - `kUnavailable`, `kTimeout`: there is none.
using Fetch = std::function<Result<HttpAnswer>(const HttpQuery&)>;

}  // namespace restate::connect::aws
