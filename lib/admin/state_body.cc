#include "admin/state_body.h"

namespace restate::admin {
namespace {

/// A value is text, or a list of byte numbers.
std::optional<Bytes> read_state_value(const schema::Json& json) {
  if (json.is_string()) return Bytes(json.get_ref<const std::string&>());
  if (!json.is_array()) return std::nullopt;
  std::string bytes;
  bytes.reserve(json.size());
  for (const schema::Json& item : json) {
    std::uint64_t number = 0;
    if (!schema::read_value(item, number) || number > 255) return std::nullopt;
    bytes.push_back(static_cast<char>(number));
  }
  return Bytes(std::move(bytes));
}

}  // namespace

std::optional<StateBody> read_state_body(const schema::Json& json) {
  StateBody body;
  const schema::Json* new_state = schema::member(json, "new_state");
  if (!schema::require(json, "object_key", body.object_key) ||
      !schema::take(json, "version", body.version) || !schema::take(json, "scope", body.scope) ||
      new_state == nullptr || !new_state->is_object()) {
    return std::nullopt;
  }
  for (const auto& [key, value] : new_state->items()) {
    auto bytes = read_state_value(value);
    if (!bytes) return std::nullopt;
    body.new_state.emplace(key, std::move(*bytes));
  }
  return body;
}

}  // namespace restate::admin
