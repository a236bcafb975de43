#pragma once

/// \file
/// The part of `Context` that waits: for one thing, or for several at once.

#include <restate/awaitable.h>
#include <restate/bytes.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/time.h>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

namespace native {
class HandlerSession;
struct Await;
}  // namespace native

namespace detail {
/// What a wait with a limit comes to: nothing if it takes longer; `true` and `false` for what has
/// no value.
template <class T>
using InTime = std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>;
/// What stands in a tuple of values.
template <class T>
using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
template <class T>
Result<Pending<T>> as_pending(const Result<Awaitable>& awaitable) {
  if (!awaitable) return awaitable.error();
  return Pending<T>{*awaitable};
}
}  // namespace detail

/// What everything that waits has in common: `kInvalidArgument` for what no step of this context
/// gave, and for an empty list where one thing at least has to be.
class ContextWaiting {
 public:
  ContextWaiting(const ContextWaiting&) = delete;
  ContextWaiting& operator=(const ContextWaiting&) = delete;

  /// Waits, and returns what comes of it.
  template <class T>
  Result<T> await(const Pending<T>& pending) {
    return detail::decode<T>(await_bytes(pending), "the result");
  }
  /// Nothing if it takes longer: `true` and `false` for what has no value. Whatever it was goes on.
  template <class T>
  Result<detail::InTime<T>> await(const Pending<T>& pending, Duration timeout) {
    return race(std::vector<Pending<T>>{pending}, timeout);
  }

  /// Waits for the first of these and returns its position.
  Result<std::size_t> any(const std::vector<Awaitable>& of);
  /// The same, or nothing if all of them take longer.
  Result<std::optional<std::size_t>> select(std::vector<Awaitable> of, Duration timeout);
  /// Waits until all are there, whatever came of them.
  Result<void> all(const std::vector<Awaitable>& of);
  /// The same, or `false` if that takes longer.
  Result<bool> all(const std::vector<Awaitable>& of, Duration timeout);

  /// What comes of the first that is there, be it a failure.
  template <class T>
  Result<T> race(const std::vector<Pending<T>>& of) {
    RESTATE_TRY(const std::size_t first, any({of.begin(), of.end()}));
    return await(of[first]);
  }
  /// The same, or nothing if all of them take longer.
  template <class T>
  Result<detail::InTime<T>> race(const std::vector<Pending<T>>& of, Duration timeout) {
    RESTATE_TRY(const auto first, select({of.begin(), of.end()}, timeout));
    return value_in_time(of, first);
  }
  /// The first that succeeds. If none does: the failure of the first in the list.
  template <class T>
  Result<T> first_succeeded(const std::vector<Pending<T>>& of) {
    RESTATE_TRY(const auto first, find_success({of.begin(), of.end()}, {}));
    return await(of[*first]);
  }
  /// The same, or nothing if that takes longer.
  template <class T>
  Result<detail::InTime<T>> first_succeeded(const std::vector<Pending<T>>& of, Duration timeout) {
    RESTATE_TRY(const auto first, find_success({of.begin(), of.end()}, timeout));
    return value_in_time(of, first);
  }
  /// All of them, in their order, or the first failure.
  template <class T>
  Result<std::vector<T>> all_succeeded(const std::vector<Pending<T>>& of) {
    RESTATE_TRY_VOID(await_successes({of.begin(), of.end()}, {}));
    return values_of(of);
  }
  /// The same for what has no values.
  Result<void> all_succeeded(const std::vector<Pending<void>>& of) {
    RESTATE_TRY_VOID(await_successes({of.begin(), of.end()}, {}));
    return {};
  }
  /// The same, or nothing if that takes longer.
  template <class T>
  Result<std::optional<std::vector<T>>> all_succeeded(const std::vector<Pending<T>>& of,
                                                      Duration timeout) {
    RESTATE_TRY(const bool in_time, await_successes({of.begin(), of.end()}, timeout));
    if (!in_time) return std::optional<std::vector<T>>();
    RESTATE_TRY(std::vector<T> values, values_of(of));
    return std::optional(std::move(values));
  }
  /// The same for what has no values: `false` if that takes longer.
  Result<bool> all_succeeded(const std::vector<Pending<void>>& of, Duration timeout) {
    return await_successes({of.begin(), of.end()}, timeout);
  }
  /// All of them, of different types, or the first failure; `std::monostate` for what has no value.
  /// A structured binding takes the tuple apart: `const auto& [cents, shelf] = both`.
  template <class First, class Second, class... More>
  Result<std::tuple<detail::Held<First>, detail::Held<Second>, detail::Held<More>...>>
  all_succeeded(const Pending<First>& first, const Pending<Second>& second,
                const Pending<More>&... more) {
    RESTATE_TRY_VOID(await_successes({first, second, more...}, {}));
    return tuple_of(first, second, more...);
  }
  /// The same, or nothing if that takes longer: `all_succeeded(std::tuple(price, place), 10s)`.
  template <class... Ts>
  Result<std::optional<std::tuple<detail::Held<Ts>...>>> all_succeeded(
      const std::tuple<Pending<Ts>...>& of, Duration timeout) {
    using Values = std::tuple<detail::Held<Ts>...>;
    const auto list = [](const Pending<Ts>&... one) { return std::vector<Awaitable>{one...}; };
    RESTATE_TRY(const bool in_time, await_successes(std::apply(list, of), timeout));
    if (!in_time) return std::optional<Values>();
    RESTATE_TRY(Values values,
                std::apply([this](const Pending<Ts>&... one) { return tuple_of(one...); }, of));
    return std::optional<Values>(std::move(values));
  }

 protected:
  /// Of the library: `session` outlives the context.
  explicit ContextWaiting(native::HandlerSession& session) : session_(session) {}
  ~ContextWaiting() = default;

  native::HandlerSession& session_;  ///< what the context is the public face of

 private:
  template <class T>
  Result<detail::InTime<T>> value_in_time(const std::vector<Pending<T>>& of,
                                          const std::optional<std::size_t>& which) {
    if (!which) return detail::InTime<T>();
    if constexpr (std::is_void_v<T>) {
      RESTATE_TRY_VOID(await(of[*which]));
      return true;
    } else {
      RESTATE_TRY(T value, await(of[*which]));
      return std::optional<T>(std::move(value));
    }
  }
  template <class T>
  Result<std::vector<T>> values_of(const std::vector<Pending<T>>& of) {
    std::vector<T> values;
    values.reserve(of.size());
    for (const Pending<T>& one : of) {
      RESTATE_TRY(T value, await(one));
      values.push_back(std::move(value));
    }
    return values;
  }
  template <class T>
  std::optional<detail::Held<T>> value_unless(std::optional<Error>& failed, const Pending<T>& of) {
    if (failed) return std::nullopt;
    Result<T> value = await(of);
    if (!value) {
      failed = std::move(value).error();
      return std::nullopt;
    }
    if constexpr (std::is_void_v<T>) {
      return std::monostate();
    } else {
      return *std::move(value);
    }
  }
  template <class... Ts>
  Result<std::tuple<detail::Held<Ts>...>> tuple_of(const Pending<Ts>&... of) {
    std::optional<Error> failed;
    // Braces, since only they go from left to right.
    std::tuple<std::optional<detail::Held<Ts>>...> values{value_unless(failed, of)...};
    if (failed) return *std::move(failed);
    return std::apply(
        [](auto&... one) { return std::tuple<detail::Held<Ts>...>(*std::move(one)...); }, values);
  }

  Result<Bytes> await_bytes(const Awaitable& pending);
  Result<bool> wait_within(native::Await& await, const std::optional<Duration>& timeout);
  Result<std::optional<std::size_t>> find_success(const std::vector<Awaitable>& of,
                                                  std::optional<Duration> timeout);
  Result<bool> await_successes(const std::vector<Awaitable>& of, std::optional<Duration> timeout);
};

}  // namespace restate

#pragma GCC visibility pop
