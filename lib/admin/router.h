#pragma once

/// \file
/// From a path and a method to a handler. The same routes exist at the root and under each version
/// of the API.

#include "admin/call.h"

#include <restate/function.h>

#include <string>
#include <string_view>
#include <vector>

namespace restate::admin {

class Router {
 public:
  using Handle = Function<void(Call)>;

  /// `pattern` such as `/services/{service}/handlers/{handler}`; a last segment `{*rest}` takes all
  /// that follows. A GET route serves HEAD, too.
  void add(std::string method, std::string pattern, Handle handle);

  /// Answers 404 and 405 itself.
  void route(Call call);

  /// Every method and pattern, for the API's own description.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handle handle;
  };
  /// Takes a version off the front of `path`. False: it is one that nobody speaks any more.
  static bool take_version(std::string_view& path, Call& call);

  std::vector<Route> routes_;
};

}  // namespace restate::admin
