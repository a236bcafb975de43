#pragma once

/// \file
/// Where a configuration comes from: the file, the environment, the flags. Each says more than the ones
/// before it, and who made a mistake hears where it stands.

#include <restate/result.h>

#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>

namespace restate::node {

class ConfigSources {
 public:
  using Texts = std::map<std::string, std::string>;

  /// - `kInvalidArgument`: one of them is malformed; the message says where.
  static Result<ConfigSources> read(const std::string& toml, const std::string& toml_name,
                                    const Texts& environment, const Texts& flags);
  ConfigSources(ConfigSources&&) noexcept;
  ConfigSources& operator=(ConfigSources&&) noexcept;
  ~ConfigSources();

  /// What all of them say together, nested by the dots of the keys.
  const nlohmann::json& tree() const;
  /// Null: nobody has set it.
  const nlohmann::json* find(const std::string& key) const;
  /// Where it was set, and its name: `config.toml:3: log-filter`.
  std::string place_of(const std::string& key) const;

 private:
  struct Parts;
  explicit ConfigSources(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace restate::node
