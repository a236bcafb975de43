#pragma once

/// \file
/// JSON without exceptions: members are taken out of an object one by one, and the answer says
/// whether they were what was expected.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::schema {

using Json = nlohmann::json;

/// Deeper values are refused: they come from users, and walking them costs stack.
inline constexpr int kMaxJsonDepth = 256;

inline bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

/// Nothing if `text` is not JSON, or nested too deeply.
inline std::optional<Json> parse_json(std::string_view text) {
  if (is_too_deep(text)) return std::nullopt;
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

/// Compact text. What is not UTF-8 is replaced, never thrown.
inline std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The member, or null if it is absent, null, or `object` is none.
inline const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline bool read_value(const Json& value, std::string& out) {
  if (!value.is_string()) return false;
  out = value.get_ref<const std::string&>();
  return true;
}
inline bool read_value(const Json& value, bool& out) {
  if (!value.is_boolean()) return false;
  out = value.get<bool>();
  return true;
}
inline bool read_value(const Json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return true;
}
inline bool read_value(const Json& value, std::uint32_t& out) {
  std::uint64_t wide = 0;
  if (!read_value(value, wide) || wide > UINT32_MAX) return false;
  out = static_cast<std::uint32_t>(wide);
  return true;
}
inline bool read_value(const Json& value, std::int32_t& out) {
  std::uint64_t wide = 0;
  if (!read_value(value, wide) || wide > INT32_MAX) return false;
  out = static_cast<std::int32_t>(wide);
  return true;
}
inline bool read_value(const Json& value, double& out) {
  if (!value.is_number()) return false;
  out = value.get<double>();
  return true;
}
inline bool read_value(const Json& value, std::map<std::string, std::string>& out) {
  if (!value.is_object()) return false;
  out.clear();
  for (const auto& [name, text] : value.items()) {
    if (!text.is_string()) return false;
    out.emplace(name, text.get_ref<const std::string&>());
  }
  return true;
}
template <class T>
bool read_value(const Json& value, std::optional<T>& out) {
  return read_value(value, out.emplace());
}

/// Takes a member that may be absent or null; then `out` stays as it is. False: a wrong type.
template <class T>
bool take(const Json& object, const char* name, T& out) {
  const Json* value = member(object, name);
  return value == nullptr || read_value(*value, out);
}

/// Takes a member that must be there. False: it is absent, null, or of a wrong type.
template <class T>
bool require(const Json& object, const char* name, T& out) {
  const Json* value = member(object, name);
  return value != nullptr && read_value(*value, out);
}

/// Puts a member only if there is a value.
template <class T>
void put(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

}  // namespace restate::schema
