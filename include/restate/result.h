#pragma once

/// \file
/// `Result<T>`: a value or an `Error`. The shape of `std::expected<T, Error>`, which C++20 lacks.

#include <restate/assert.h>
#include <restate/error.h>

#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace restate {

/// Holds a value or an `Error`, never nothing. Asking for the one that is not there is a bug, and
/// aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;  ///< of a success

  /// A success.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT
  /// A failure.
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}    // NOLINT
  /// A success, from what a `T` can be made of.
  template <class U>
    requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }  ///< rather than an error
  explicit operator bool() const { return has_value(); }  ///< the same, for conditions

  /// @{
  /// The value, which must be there: this aborts with the error's message if it is not.
  T& value() & {
    RESTATE_ASSERT(has_value(), std::get<1>(state_).message.c_str());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    RESTATE_ASSERT(has_value(), std::get<1>(state_).message.c_str());
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  /// @}

  /// @{
  /// The error, which must be there.
  Error& error() & {
    RESTATE_ASSERT(!has_value(), "a result that holds a value has no error");
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    RESTATE_ASSERT(!has_value(), "a result that holds a value has no error");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && { return std::move(error()); }
  /// @}

  /// The value if it is there, else `fallback`.
  T value_or(T fallback) && { return has_value() ? std::move(value()) : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

/// A success without a value, or an `Error`.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;  ///< of a success: none

  Result() = default;
  /// A failure.
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT

  bool has_value() const { return !failed_; }          ///< rather than a failure
  explicit operator bool() const { return !failed_; }  ///< the same, for conditions
  /// Aborts with the message if it is a failure.
  void value() const { RESTATE_ASSERT(!failed_, error_.message.c_str()); }

  /// @{
  /// The error, which must be there.
  Error& error() & {
    RESTATE_ASSERT(failed_, "a result that holds a value has no error");
    return error_;
  }
  const Error& error() const& {
    RESTATE_ASSERT(failed_, "a result that holds a value has no error");
    return error_;
  }
  Error&& error() && { return std::move(error()); }
  /// @}

 private:
  Error error_;
  bool failed_ = false;
};

/// Whether it failed with this code.
template <class T>
bool operator==(const Result<T>& result, Code code) {
  return !result.has_value() && result.error().code == code;
}
/// Whether it is this value.
template <class T>
  requires(!std::is_void_v<T>)
bool operator==(const Result<T>& result, const T& value) {
  return result.has_value() && result.value() == value;
}

}  // namespace restate

#pragma GCC visibility pop

/// @{
/// Of the macros below.
#define RESTATE_CONCAT_INNER(a, b) a##b
#define RESTATE_CONCAT(a, b) RESTATE_CONCAT_INNER(a, b)
/// @}

/// `RESTATE_TRY(auto x, expression)`: declares x with the value, or returns the error upwards.
#define RESTATE_TRY(declaration, expression)                                  \
  auto RESTATE_CONCAT(restate_try_, __LINE__) = (expression);                 \
  if (!RESTATE_CONCAT(restate_try_, __LINE__).has_value()) {                  \
    return std::move(RESTATE_CONCAT(restate_try_, __LINE__)).error();         \
  }                                                                           \
  declaration = std::move(RESTATE_CONCAT(restate_try_, __LINE__)).value()

/// The same for a `Result` whose value nobody needs.
#define RESTATE_TRY_VOID(expression)                                          \
  do {                                                                        \
    auto restate_try_void = (expression);                                     \
    if (!restate_try_void.has_value()) return std::move(restate_try_void).error(); \
  } while (false)
