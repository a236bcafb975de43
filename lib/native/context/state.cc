// The state of an object or workflow, as a handler sees it.

#include "native/context/handles.h"

#include <restate/context/state.h>

#include <utility>
#include <variant>

namespace restate {

Result<std::optional<Bytes>> ContextState::get_bytes(std::string_view key) {
  RESTATE_TRY(const native::Handle handle, session_.vm().get_state(Bytes(key)));
  return session_.wait_for_optional(handle);
}

Result<void> ContextState::set_bytes(std::string_view key, Bytes value) {
  return session_.vm().set_state(Bytes(key), std::move(value));
}

Result<void> ContextState::clear(std::string_view key) {
  return session_.vm().clear_state(Bytes(key));
}
Result<void> ContextState::clear_all() { return session_.vm().clear_all_state(); }

Result<std::vector<std::string>> ContextState::keys() {
  RESTATE_TRY(const native::Handle handle, session_.vm().get_state_keys());
  RESTATE_TRY_VOID(session_.wait(handle));
  std::vector<std::string> names;
  if (const auto* keys = std::get_if<wire::StateKeys>(&session_.vm().result(handle))) {
    for (const Bytes& key : keys->keys) names.push_back(key.str());
  }
  return names;
}

}  // namespace restate
