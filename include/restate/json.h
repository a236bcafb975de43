#pragma once

/// \file
/// Everything that JSON can say travels as JSON: numbers, bool, vectors, maps, optionals, and any type
/// that nlohmann/json can convert, such as a struct with
///
///     NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, amount)
///
/// beside it. Include this to have it. `Bytes` stay bytes and a `std::string` stays plain text, so that a
/// program means the same in every file of it; `Json<std::string>` is a text in quotes.
///
/// Values that are nested more than 256 levels deep are refused, read or written: walking one costs stack.

#include <restate/serde.h>

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstddef>
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

/// As much of a text as an error should quote; no character is cut in two.
inline std::string_view json_excerpt(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

/// Says what was wrong, without the library's name for it, and without all of what it has read.
inline Error json_error(const std::exception& exception) {
  std::string_view what = exception.what();
  const std::size_t end = what.find("] ");
  if (what.starts_with("[json.exception.") && end != what.npos) what.remove_prefix(end + 2);
  return {Code::kInvalidArgument, std::string(json_excerpt(what, 400))};
}

/// The library reads any depth without recursion, but copies, prints and converts with it, and what is
/// read comes from whoever can reach a handler.
inline constexpr int kMaxJsonDepth = 256;

/// Counts brackets outside of strings: up to its first mistake a text is never deeper than this says.
inline Result<void> check_json_depth(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if ((c == '{' || c == '[') && ++depth > kMaxJsonDepth) {
      return Error{Code::kInvalidArgument,
                   "the JSON is nested more than " + std::to_string(kMaxJsonDepth) + " levels deep"};
    }
  }
  return {};
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

/// `text` is JSON, but no T.
template <class T>
Error no_whole_number(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(text.find_first_not_of(kSpace));
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  return {Code::kInvalidArgument,
          "expected a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
              std::to_string(std::numeric_limits<T>::max()) + ", found " +
              std::string(json_excerpt(text, 80))};
}

template <class T>
struct JsonSerde {
  static constexpr std::string_view kContentType = "application/json";
  static constexpr bool kMayBeEmpty = kIsOptional<T>;

  // Conversions are code of users, and the library throws: the two places where it is caught.
  static Result<Bytes> encode(const T& value) {
    try {
      std::string text = nlohmann::json(value).dump();
      RESTATE_TRY_VOID(check_json_depth(text));  // nobody could read it again
      return Bytes(std::move(text));
    } catch (const std::exception& exception) {
      return json_error(exception);
    }
  }

  static Result<T> decode(const Bytes& bytes) {
    if constexpr (kMayBeEmpty) {
      if (bytes.empty()) return T();
    }
    RESTATE_TRY_VOID(check_json_depth(bytes.view()));
    try {
      const auto json = nlohmann::json::parse(bytes.view());
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        if (!is_whole_and_fits<T>(json)) return no_whole_number<T>(bytes.view());
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
