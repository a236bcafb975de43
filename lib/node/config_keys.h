#pragma once

/// \file
/// The one table of configuration keys: name, how a value is read into a `Config`, how it is shown.

#include "node/config.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::node {

struct ConfigKey {
  std::string name;  ///< dotted, such as `worker.invoker.abort-timeout`
  std::function<Result<void>(const nlohmann::json&)> set;
  std::function<std::string()> show;  ///< as TOML; empty: unset, not shown
  std::string instead;  ///< the key to use, for one that is to be given up; else empty
  /// What `show` puts stars in the place of, or leaves out. To compare, and nothing else; null: nothing.
  std::function<std::string()> hidden = {};
};

/// Bound to `config`, which must outlive the table. In the order of the documentation.
std::vector<ConfigKey> config_keys(Config& config);

/// Whether the reference server knows a key that has no meaning here, which is accepted silently.
/// `kKin`: it begins as such keys do, and may still be a slip of the pen.
enum class Acceptance { kUnknown, kKin, kExact };
Acceptance acceptance_of(std::string_view name);

/// Known to the reference server, and missing here: whoever sets it must hear that nothing happens.
bool is_unsupported_key(std::string_view name);

}  // namespace restate::node
