#pragma once

/// \file
/// `Result<T>`: a value or an `Error`. The shape of `std::expected<T, Error>`, which C++20 lacks.

#include <restate/assert.h>
#include <restate/error.h>

#include <type_traits>
#include <utility>
#include <variant>

namespace restate {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}    // NOLINT
  template <class U>
    requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

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

  Error& error() & {
    RESTATE_ASSERT(!has_value(), "a result that holds a value has no error");
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    RESTATE_ASSERT(!has_value(), "a result that holds a value has no error");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && { return std::move(error()); }

  T value_or(T fallback) && { return has_value() ? std::move(value()) : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  void value() const { RESTATE_ASSERT(!failed_, error_.message.c_str()); }

  Error& error() & {
    RESTATE_ASSERT(failed_, "a result that holds a value has no error");
    return error_;
  }
  const Error& error() const& {
    RESTATE_ASSERT(failed_, "a result that holds a value has no error");
    return error_;
  }
  Error&& error() && { return std::move(error()); }

 private:
  Error error_;
  bool failed_ = false;
};

template <class T>
bool operator==(const Result<T>& result, Code code) {
  return !result.has_value() && result.error().code == code;
}
template <class T>
  requires(!std::is_void_v<T>)
bool operator==(const Result<T>& result, const T& value) {
  return result.has_value() && result.value() == value;
}

}  // namespace restate

#define RESTATE_CONCAT_INNER(a, b) a##b
#define RESTATE_CONCAT(a, b) RESTATE_CONCAT_INNER(a, b)

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
