#pragma once

/// \file
/// The part of `Context` that holds the state of an object or workflow: values by name, per key.
/// Services have none.

#include <restate/context/calls.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// The state of this object or workflow.
class ContextState : public ContextCalls {
 public:
  /// The value under this name; nothing: it is not set.
  template <class T = Bytes>
  Result<std::optional<T>> get(std::string_view key) {
    return detail::decode<T>(get_bytes(key), "state", key);
  }
  /// The same, or `otherwise` if it is not set.
  template <class T>
  Result<T> get_or(std::string_view key, std::type_identity_t<T> otherwise) {
    RESTATE_TRY(std::optional<T> value, get<T>(key));
    return value ? *std::move(value) : std::move(otherwise);
  }
  /// Sets the value under this name. Shared handlers only read.
  template <class T = Bytes>
  Result<void> set(std::string_view key, T&& value) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<T>(value)));
    return set_bytes(key, std::move(bytes));
  }
  /// Removes the value under this name, if there is one. Shared handlers only read.
  Result<void> clear(std::string_view key);
  /// Removes all values. Shared handlers only read.
  Result<void> clear_all();
  /// Sorted.
  Result<std::vector<std::string>> keys();

 protected:
  using ContextCalls::ContextCalls;
  ~ContextState() = default;

 private:
  Result<std::optional<Bytes>> get_bytes(std::string_view key);
  Result<void> set_bytes(std::string_view key, Bytes value);
};

}  // namespace restate

#pragma GCC visibility pop
