#pragma once

/// \file
/// Everything that JSON can say travels as JSON: numbers, bool, vectors, maps, optionals, and any type
/// that nlohmann/json can convert, such as a struct with
///
///     NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, amount)
///
/// beside it. Include this to have it. `Bytes` stay bytes and a `std::string` stays plain text, so that a
/// program means the same in every file of it; `Json<std::string>` is a text in quotes.

#include <restate/serde.h>

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#ifndef RESTATE_JSON_NO_OPTIONAL  // for programs that teach nlohmann/json optionals themselves
template <class T>
struct nlohmann::adl_serializer<std::optional<T>> {
  template <class BasicJson>
  static void to_json(BasicJson& json, const std::optional<T>& value) {
    if (value) {
      json = *value;
    } else {
      json = nullptr;
    }
  }
  template <class BasicJson>
  static void from_json(const BasicJson& json, std::optional<T>& value) {
    if (json.is_null()) {
      value.reset();
    } else {
      value = json.template get<T>();
    }
  }
};
#endif

#pragma GCC visibility push(default)

namespace restate {

/// A value that travels as JSON even if its type travels otherwise. What other SDKs send and expect as
/// a string is a `Json<std::string>`.
template <class T>
struct Json {
  T value{};  ///< as it is in the program

  /// The default of T.
  Json() = default;
  /// Takes the value over.
  Json(T of) : value(std::move(of)) {}  // NOLINT

  /// The value.
  T& operator*() { return value; }
  /// The value.
  const T& operator*() const { return value; }
  /// A part of the value.
  T* operator->() { return &value; }
  /// A part of the value.
  const T* operator->() const { return &value; }
  bool operator==(const Json&) const = default;
};

namespace detail {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
/// These have a way of their own.
template <class T>
inline constexpr bool kIsPlain = std::is_same_v<T, Bytes> || std::is_same_v<T, std::string> ||
                                 std::is_same_v<T, std::string_view>;
template <class T>
inline constexpr bool kIsPlain<Json<T>> = true;

template <class T>
concept JsonConvertible = std::is_object_v<T> && !std::is_array_v<T> && !std::is_pointer_v<T> &&
                          requires(const T& value, const nlohmann::json& json) {
                            nlohmann::json(value);
                            { json.template get<T>() } -> std::same_as<T>;
                          };

/// Says what was wrong, without the library's name for it.
inline Error json_error(const std::exception& exception) {
  std::string_view what = exception.what();
  const std::size_t end = what.find("] ");
  if (what.starts_with("[json.exception.") && end != what.npos) what.remove_prefix(end + 2);
  return {Code::kInvalidArgument, std::string(what)};
}

/// 1.5 and 300 are numbers, but no `std::uint8_t`; the library would cut them to fit.
template <class T>
bool is_whole_and_fits(const nlohmann::json& json) {
  if (json.is_number_unsigned()) {
    return json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  }
  if (!json.is_number_integer() || std::is_unsigned_v<T>) return false;
  return json.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
}

template <class T>
struct JsonSerde {
  static constexpr std::string_view kContentType = "application/json";
  static constexpr bool kMayBeEmpty = kIsOptional<T>;

  // Conversions are code of users, and the library throws: the two places where it is caught.
  static Result<Bytes> encode(const T& value) {
    try {
      return Bytes(nlohmann::json(value).dump());
    } catch (const std::exception& exception) {
      return json_error(exception);
    }
  }

  static Result<T> decode(const Bytes& bytes) {
    if constexpr (kMayBeEmpty) {
      if (bytes.empty()) return T();
    }
    try {
      const auto json = nlohmann::json::parse(bytes.view());
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        if (!is_whole_and_fits<T>(json)) {
          return Error{Code::kInvalidArgument,
                       "expected a whole number from " +
                           std::to_string(std::numeric_limits<T>::min()) + " to " +
                           std::to_string(std::numeric_limits<T>::max()) + ", found " +
                           json.dump().substr(0, 80)};
        }
      }
      return json.template get<T>();
    } catch (const std::exception& exception) {
      return json_error(exception);
    }
  }
};

}  // namespace detail

template <detail::JsonConvertible T>
  requires(!detail::kIsPlain<T>)
struct Serde<T> : detail::JsonSerde<T> {};

template <detail::JsonConvertible T>
struct Serde<Json<T>> {
  static constexpr std::string_view kContentType = "application/json";
  static constexpr bool kMayBeEmpty = detail::JsonSerde<T>::kMayBeEmpty;
  static Result<Bytes> encode(const Json<T>& json) { return detail::JsonSerde<T>::encode(json.value); }
  static Result<Json<T>> decode(const Bytes& bytes) {
    RESTATE_TRY(T value, detail::JsonSerde<T>::decode(bytes));
    return Json<T>(std::move(value));
  }
};

}  // namespace restate

#pragma GCC visibility pop
