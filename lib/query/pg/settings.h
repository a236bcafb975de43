#pragma once

/// \file
/// The settings of a session, which change nothing but what `SHOW` says.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::query::pg {

/// The release whose catalog we show; with a higher one clients ask for more of it.
inline constexpr const char* kServerVersion = "14.0 (restate)";

class Settings {
 public:
  Settings();

  /// What a client hears of at the start.
  std::vector<std::pair<std::string, std::string>> reported() const;
  /// In any case; nothing: there is no such setting.
  std::optional<std::string> find(std::string_view name) const;
  std::string display_name(std::string_view name) const;
  /// False: there are too many, or it is too long. Those that say how we write values stay.
  bool set(std::string_view name, std::string value);
  void reset(std::string_view name);
  void reset();

 private:
  struct Value {
    std::string name;  ///< as clients spell it
    std::string value;
    bool fixed = false;
    bool reported = false;
  };
  void add(std::string name, std::string value, bool fixed, bool reported);

  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, std::string> initial_;
};

}  // namespace restate::query::pg
