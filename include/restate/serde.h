#pragma once

/// \file
/// How values travel: arguments and results of handlers, state, results of steps. `Bytes` go as they
/// are and a `std::string` goes as its characters. Every other type needs a `Serde`; <restate/json.h>
/// has one for all that JSON can say.

#include <restate/bytes.h>
#include <restate/result.h>

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

/// How a T travels. Specialise it for a type of your own, beside the type:
///
///     template <>
///     struct restate::Serde<Money> {
///       static constexpr std::string_view kContentType = "application/x-money";
///       static Bytes encode(const Money& money);            // or Result<Bytes>, if it can fail
///       static Result<Money> decode(const Bytes& bytes);
///     };
///
/// Both should say in a `Result` what went wrong; an exception of theirs counts as `kInvalidArgument`.
///
/// Equal values give equal bytes, today and after the next release: a replay compares what a handler
/// sends with what it sent before. Two more members may be there; both are false if they are not:
///
/// - `kAnyContentType`: takes requests whatever they say they carry.
/// - `kMayBeEmpty`: no bytes at all are a value, too.
template <class T>
struct Serde;

template <>
struct Serde<Bytes> {
  static constexpr std::string_view kContentType = "application/octet-stream";
  static constexpr bool kAnyContentType = true, kMayBeEmpty = true;
  static Bytes encode(const Bytes& bytes) { return bytes; }
  static Result<Bytes> decode(const Bytes& bytes) { return bytes; }
};

/// The characters and nothing around them; for a JSON string see `Json<std::string>`.
template <>
struct Serde<std::string> {
  static constexpr std::string_view kContentType = "text/plain";
  static constexpr bool kAnyContentType = true, kMayBeEmpty = true;
  static Bytes encode(const std::string& text) { return text; }
  static Result<std::string> decode(const Bytes& bytes) { return bytes.str(); }
};

/// What can travel. `void` can: it is no bytes, and whatever comes in its place is not looked at.
template <class T>
concept Serializable = std::is_void_v<T> || requires(const T& value, const Bytes& bytes) {
  { Serde<T>::kContentType } -> std::convertible_to<std::string_view>;
  { Serde<T>::encode(value) } -> std::convertible_to<Result<Bytes>>;
  { Serde<T>::decode(bytes) } -> std::same_as<Result<T>>;
};

namespace detail {

template <class>
inline constexpr bool kNever = false;
template <class>
inline constexpr bool kIsResult = false;
template <class T>
inline constexpr bool kIsResult<Result<T>> = true;

/// Stands in for a serde that is missing, so that the compiler says one thing and not fifty.
template <class T>
struct NoSerde {
  static_assert(kNever<T>,
                "restate: this type has no Serde. Include <restate/json.h> to carry it as JSON, or "
                "specialise restate::Serde for it (see <restate/serde.h>).");
  static constexpr std::string_view kContentType = "";
  static Bytes encode(const T& value);
  static Result<T> decode(const Bytes& bytes);
};

template <class T>
struct FindSerde {
  using type = NoSerde<T>;
};
template <Serializable T>
struct FindSerde<T> {
  using type = Serde<T>;
};
template <class T>
using SerdeOf = typename FindSerde<T>::type;

/// What a value of the user is carried as: its own type, or `Bytes` for what only turns into them, such
/// as a literal.
template <class Value>
using Carried = std::conditional_t<!Serializable<std::remove_cvref_t<Value>> &&
                                       std::is_convertible_v<Value, Bytes>,
                                   Bytes, std::remove_cvref_t<Value>>;

/// Calls a serde of the user, which may throw.
template <class Function>
std::invoke_result_t<Function&> call_serde(Function&& function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return Error{Code::kInvalidArgument, exception.what()};
  } catch (...) {
    return Error{Code::kInvalidArgument, "its serde threw something that is no exception"};
  }
}

template <class Value>
Result<Bytes> encode(Value&& value) {
  using T = Carried<Value&&>;
  if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, std::string>) {
    return Bytes(std::forward<Value>(value));  // moves what it may
  } else {
    return call_serde([&]() -> Result<Bytes> { return SerdeOf<T>::encode(value); });
  }
}

/// `what` and `name` say in an error what could not be read: `state 'count'`.
template <class T>
Result<T> decode(const Bytes& bytes, std::string_view what, std::string_view name = {}) {
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    Result<T> value = call_serde([&] { return SerdeOf<T>::decode(bytes); });
    if (value) return value;
    std::string prefix(what);
    if (!name.empty()) prefix.append(" '").append(name).append("'");
    return std::move(value).error().within(prefix);
  }
}

template <class T>
Result<T> decode(const Result<Bytes>& bytes, std::string_view what, std::string_view name = {}) {
  if (!bytes) return bytes.error();
  return decode<T>(*bytes, what, name);
}

template <class T>
Result<std::optional<T>> decode(const Result<std::optional<Bytes>>& bytes, std::string_view what,
                                std::string_view name = {}) {
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<T>();
  RESTATE_TRY(T value, decode<T>(**bytes, what, name));
  return std::optional<T>(std::move(value));
}

/// What functions of the user come to: nothing, a value, an error, or a `Result` of those.
template <class Returned>
struct OutcomeOf {
  using type = Carried<Returned>;
};
template <class T>
struct OutcomeOf<Result<T>> {
  using type = Carried<T>;
};
template <>
struct OutcomeOf<Error> {
  using type = void;
};
template <class Returned>
using Outcome = typename OutcomeOf<std::remove_cvref_t<Returned>>::type;
template <class Function>
using OutcomeOfCall = Outcome<std::invoke_result_t<Function&>>;

/// Calls such a function and encodes what it comes to.
template <class Function>
Result<Bytes> call_and_encode(Function&& function) {
  using Returned = std::remove_cvref_t<std::invoke_result_t<Function&>>;
  if constexpr (std::is_void_v<Returned>) {
    function();
    return Bytes();
  } else if constexpr (std::is_same_v<Returned, Error>) {
    return function();
  } else if constexpr (std::is_same_v<Returned, Result<void>>) {
    if (auto done = function(); !done) return std::move(done).error();
    return Bytes();
  } else if constexpr (kIsResult<Returned>) {
    auto result = function();
    if (!result) return std::move(result).error();
    return detail::encode(std::move(result).value());
  } else {
    return detail::encode(function());
  }
}

}  // namespace detail
}  // namespace restate

#pragma GCC visibility pop
