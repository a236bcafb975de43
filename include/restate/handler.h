#pragma once

/// \file
/// Durable functions: which signatures they may have, and how one with types of its own becomes one from
/// bytes to bytes.

#include <restate/bytes.h>
#include <restate/failure.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/service_options.h>
#include <restate/wire/invocation.h>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

class Context;

/// A durable function. Called on a thread of the handler pool, perhaps on several at once, perhaps
/// several times for one invocation: each time with the same journal, in which finished steps are
/// found and not done again. It must take every decision from its argument and its context.
///
/// - A value ends the invocation with it.
/// - `kTerminal` (see `terminal`) ends it with a failure that callers see.
/// - `kSuspended` must be handed up as it came.
/// - Every other error, and an exception, is for the retry policy (see also `paused` and `retry_in`).
using HandlerFunction = std::function<Result<Bytes>(Context&, Bytes)>;

/// What goes in or comes out, as the manifest says it.
struct PayloadRules {
  bool nothing = false;      ///< no payload at all
  std::string content_type;  ///< empty: any
  bool required = false;     ///< of arguments: no bytes are no value
  bool operator==(const PayloadRules&) const = default;
};

/// One handler of a service, as registered.
struct HandlerDefinition {
  std::string name;                                    ///< by which it is called
  wire::HandlerType type = wire::HandlerType::kPlain;  ///< who may run beside it
  HandlerFunction function;                            ///< its code
  HandlerOptions options;                              ///< its settings
  PayloadRules input,                                  ///< by the type of its argument
      output;                                          ///< by the type of its result
  std::string service = {};  ///< it is declared for; set in any case once that is served
};

namespace detail {

// What a handler takes, by its signature.
template <class R>
std::type_identity<void> argument_of(R (*)(Context&));
template <class R, class A>
std::type_identity<std::remove_cvref_t<A>> argument_of(R (*)(Context&, A));
template <class C, class R>
std::type_identity<void> argument_of(R (C::*)(Context&));
template <class C, class R>
std::type_identity<void> argument_of(R (C::*)(Context&) const);
template <class C, class R, class A>
std::type_identity<std::remove_cvref_t<A>> argument_of(R (C::*)(Context&, A));
template <class C, class R, class A>
std::type_identity<std::remove_cvref_t<A>> argument_of(R (C::*)(Context&, A) const);

template <class F>
constexpr auto find_argument() {
  if constexpr (requires(F function) { argument_of(function); }) {
    return decltype(argument_of(std::declval<F>()))();
  } else if constexpr (requires { argument_of(&F::operator()); }) {
    return decltype(argument_of(&F::operator()))();
  } else if constexpr (std::is_invocable_v<F&, Context&, Bytes>) {
    return std::type_identity<Bytes>();  // generic: `auto`, std::bind
  } else {
    static_assert(std::is_invocable_v<F&, Context&>,
                  "restate: a handler takes (Context&), or (Context&, T) with one argument");
    return std::type_identity<void>();
  }
}
template <class F>
using ArgumentOf = typename decltype(find_argument<F>())::type;

/// What it comes to, as a value of its own type.
template <class F, class... Argument>
using OutcomeOfHandler = Outcome<std::invoke_result_t<F&, Context&, Argument...>>;

template <class T>
PayloadRules input_rules() {
  if constexpr (std::is_void_v<T>) {
    return {};  // whatever comes is not looked at
  } else {
    using S = SerdeOf<T>;
    PayloadRules rules{.content_type = std::string(S::kContentType), .required = true};
    if constexpr (requires { S::kAnyContentType; }) {
      if (S::kAnyContentType) rules.content_type.clear();
    }
    if constexpr (requires { S::kMayBeEmpty; }) rules.required = !S::kMayBeEmpty;
    return rules;
  }
}
template <class T>
PayloadRules output_rules() {
  if constexpr (std::is_void_v<T>) {
    return {.nothing = true};
  } else {
    return {.content_type = std::string(SerdeOf<T>::kContentType)};
  }
}

/// A handler with types of its own becomes one from bytes to bytes.
template <class F>
HandlerDefinition adapt_handler(F function) {
  using Argument = ArgumentOf<F>;
  HandlerDefinition handler;
  handler.input = input_rules<Argument>();
  if constexpr (std::is_void_v<Argument>) {
    handler.output = output_rules<OutcomeOfHandler<F>>();
    handler.function = [function = std::move(function)](Context& ctx, const Bytes&) mutable {
      return call_and_encode([&]() -> decltype(auto) { return function(ctx); });
    };
  } else {
    handler.output = output_rules<OutcomeOfHandler<F, Argument>>();
    handler.function = [function = std::move(function)](Context& ctx,
                                                        const Bytes& bytes) mutable -> Result<Bytes> {
      Result<Argument> argument = decode<Argument>(bytes, "the argument cannot be read");
      // It stays wrong however often it is tried.
      if (!argument) return terminal(std::move(argument).error().message, 400);
      return call_and_encode(
          [&]() -> decltype(auto) { return function(ctx, std::move(argument).value()); });
    };
  }
  return handler;
}

}  // namespace detail
}  // namespace restate

#pragma GCC visibility pop
