#include "admin/router.h"

#include "http/url.h"

#include <algorithm>

namespace restate::admin {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_param(std::string_view segment) { return segment.starts_with('{'); }
bool is_rest(std::string_view segment) { return segment.starts_with("{*"); }

/// The values of the pattern's parameters, if the path fits it.
std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
  std::vector<std::string> params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return std::nullopt;
    if (is_rest(pattern[i])) {
      std::string rest = path[i];
      for (std::size_t j = i + 1; j < path.size(); ++j) rest += '/' + path[j];
      params.push_back(http::percent_decode(rest));
      return params;
    }
    if (is_param(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      params.push_back(http::percent_decode(path[i]));
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return params;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handle handle) {
  auto segments = split(pattern);
  routes_.push_back({std::move(method), std::move(pattern), std::move(segments), std::move(handle)});
}

bool Router::take_version(std::string_view& path, Call& call) {
  const std::string_view first = path.substr(0, path.find('/', 1));
  if (first == "/v1") return false;
  for (const ApiVersion version : {ApiVersion::kV2, ApiVersion::kV3, ApiVersion::kV4}) {
    if (first != "/v" + std::to_string(static_cast<int>(version))) continue;
    call.version = version;
    call.versioned = true;
    path.remove_prefix(first.size());
    if (path.empty()) path = "/";
  }
  return true;
}

void Router::route(Call call) {
  const std::string whole = call.path();
  std::string_view path = whole;
  if (!take_version(path, call)) {
    return call.text(400, "Version 1 of the admin API is not supported any more; use /v2 to /v4");
  }
  const auto segments = split(path);
  const std::string& method = call.method();
  std::string allowed;
  for (Route& route : routes_) {
    auto params = match(route.segments, segments);
    if (!params) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      call.params = std::move(*params);
      return route.handle(std::move(call));
    }
    if (!allowed.empty()) allowed += ',';
    allowed += route.method == "GET" ? "GET,HEAD" : route.method;
  }
  if (allowed.empty()) return call.empty(404);
  call.empty(405, {{"allow", allowed}});
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> list;
  list.reserve(routes_.size());
  for (const Route& route : routes_) list.emplace_back(route.method, route.pattern);
  return list;
}

}  // namespace restate::admin
