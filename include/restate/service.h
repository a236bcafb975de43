#pragma once

/// \file
/// Durable functions, and the services, objects and workflows that they make up. The same definition
/// runs inside an engine (`Engine::serve`) and behind any compatible server (`Endpoint`).

#include <restate/bytes.h>
#include <restate/error.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/wire/invocation.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

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

/// The failure of user code, for good: not retried, seen by callers.
inline Error terminal(std::string message, std::uint32_t status = 500,
                      std::vector<std::pair<std::string, std::string>> metadata = {}) {
  return {Code::kTerminal, std::move(message), status, std::move(metadata)};
}

namespace detail {
// What errors say in their metadata to the library alone; nobody else gets to see it.
inline constexpr const char* kPauseWish = "restate.pause";
inline constexpr const char* kDelayWish = "restate.retry-in-ms";
inline constexpr const char* kCancelledMark = "restate.cancelled";
}  // namespace detail

/// Whether this is the cancellation of the invocation that got it, and not some 409 of a callee.
inline bool is_cancellation(const Error& error) {
  return error.code == Code::kTerminal && error.metadata.size() == 1 &&
         error.metadata.front().first == detail::kCancelledMark;
}

/// A failure that time does not mend. The invocation is paused; once somebody resumes it, what failed
/// with this, a step or the function, is tried again.
inline Error paused(std::string message) {
  return {Code::kUnavailable, std::move(message), 0, {{detail::kPauseWish, ""}}};
}

/// A failure after which the next try of the step or the function, if there is to be one, is due in
/// `delay`, whatever the policy says. Later tries are not changed by it.
inline Error retry_in(std::chrono::milliseconds delay, std::string message) {
  return {Code::kUnavailable, std::move(message), 0,
          {{detail::kDelayWish, std::to_string(delay.count())}}};
}

/// What services and handlers may set; what they leave open, the server decides. Times in
/// milliseconds.
struct ServiceOptions {
  std::optional<std::uint64_t> inactivity_timeout_ms = {},  ///< a wait this long suspends
      abort_timeout_ms = {};  ///< after this long beyond that, the attempt is cut off
  std::optional<std::uint64_t> journal_retention_ms = {},  ///< after the end
      idempotency_retention_ms = {};  ///< of results, after the end: for the same key
  std::optional<bool> enable_lazy_state = {},  ///< state is read value by value, not sent along
      ingress_private = {};                    ///< only other handlers may call it
  std::optional<std::uint64_t> retry_initial_ms = {},  ///< the wait before the second attempt
      retry_max_interval_ms = {},                      ///< the longest wait
      retry_max_attempts = {};                         ///< then `retry_kill` decides
  std::optional<double> retry_factor = {};  ///< by which the wait grows each time
  std::optional<bool> retry_kill = {};  ///< on max attempts: kill; else pause
  std::optional<std::string> documentation = {};  ///< shown by tools
  std::map<std::string, std::string> metadata = {};  ///< shown by tools
};

/// What a handler may set beside; what it leaves open, its service decides.
struct HandlerOptions : ServiceOptions {
  std::optional<std::uint64_t> workflow_retention_ms = {};  ///< `run` of workflows only
  /// What is left open, the handler's types say.
  std::optional<std::string> accept = {},  ///< what requests may carry
      content_type = {};                   ///< of results
};

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
};

/// A service of any kind, as registered. Made by the builders below.
struct ServiceDefinition {
  std::string name;  ///< by which it is called
  wire::ServiceType type = wire::ServiceType::kService;  ///< what has a key, and state
  std::vector<HandlerDefinition> handlers;  ///< at least one
  ServiceOptions options;  ///< of all handlers that do not say otherwise
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
    handler.output = output_rules<Outcome<std::invoke_result_t<F&, Context&>>>();
    handler.function = [function = std::move(function)](Context& ctx, const Bytes&) mutable {
      return call_and_encode([&]() -> decltype(auto) { return function(ctx); });
    };
  } else {
    handler.output = output_rules<Outcome<std::invoke_result_t<F&, Context&, Argument>>>();
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

/// What the three builders share.
template <class Builder>
class ServiceBuilder {
 public:
  Builder& options(ServiceOptions options) & {
    definition_.options = std::move(options);
    return self();
  }
  Builder&& options(ServiceOptions options) && {
    definition_.options = std::move(options);
    return std::move(self());
  }
  operator ServiceDefinition() const& { return definition_; }             // NOLINT
  operator ServiceDefinition() && { return std::move(definition_); }      // NOLINT

 protected:
  ServiceBuilder(std::string name, wire::ServiceType type) {
    definition_.name = std::move(name);
    definition_.type = type;
  }
  template <class F>
  Builder& add(std::string name, wire::HandlerType type, F function, HandlerOptions options) {
    HandlerDefinition handler = adapt_handler(std::move(function));
    handler.name = std::move(name);
    handler.type = type;
    handler.options = std::move(options);
    definition_.handlers.push_back(std::move(handler));
    return self();
  }

 private:
  Builder& self() { return static_cast<Builder&>(*this); }
  ServiceDefinition definition_;
};

}  // namespace detail

/// Handlers without state, any number at once.
class Service : public detail::ServiceBuilder<Service> {
 public:
  /// A service without handlers yet.
  explicit Service(std::string name)
      : ServiceBuilder(std::move(name), wire::ServiceType::kService) {}
  /// Adds a handler.
  template <class F>
  Service& handler(std::string name, F function, HandlerOptions options = {}) & {
    return add(std::move(name), wire::HandlerType::kPlain, std::move(function), std::move(options));
  }
  /// Adds a handler, in a chain.
  template <class F>
  Service&& handler(std::string name, F function, HandlerOptions options = {}) && {
    return std::move(handler(std::move(name), std::move(function), std::move(options)));
  }
};

/// Handlers with state per key. Exclusive ones run one at a time per key, in order; shared ones at
/// any time, and they only read.
class Object : public detail::ServiceBuilder<Object> {
 public:
  /// An object without handlers yet.
  explicit Object(std::string name)
      : ServiceBuilder(std::move(name), wire::ServiceType::kVirtualObject) {}
  /// Adds an exclusive handler.
  template <class F>
  Object& handler(std::string name, F function, HandlerOptions options = {}) & {
    return add(std::move(name), wire::HandlerType::kExclusive, std::move(function),
               std::move(options));
  }
  /// Adds an exclusive handler, in a chain.
  template <class F>
  Object&& handler(std::string name, F function, HandlerOptions options = {}) && {
    return std::move(handler(std::move(name), std::move(function), std::move(options)));
  }
  /// Adds a shared handler.
  template <class F>
  Object& shared(std::string name, F function, HandlerOptions options = {}) & {
    return add(std::move(name), wire::HandlerType::kShared, std::move(function), std::move(options));
  }
  /// Adds a shared handler, in a chain.
  template <class F>
  Object&& shared(std::string name, F function, HandlerOptions options = {}) && {
    return std::move(shared(std::move(name), std::move(function), std::move(options)));
  }
};

/// `run` happens once per key; shared handlers talk to it through promises and read its state.
class Workflow : public detail::ServiceBuilder<Workflow> {
 public:
  /// A workflow without handlers yet.
  explicit Workflow(std::string name)
      : ServiceBuilder(std::move(name), wire::ServiceType::kWorkflow) {}
  /// Sets what happens once per key.
  template <class F>
  Workflow& run(F function, HandlerOptions options = {}) & {
    return add("run", wire::HandlerType::kWorkflow, std::move(function), std::move(options));
  }
  /// Sets what happens once per key, in a chain.
  template <class F>
  Workflow&& run(F function, HandlerOptions options = {}) && {
    return std::move(run(std::move(function), std::move(options)));
  }
  /// Adds a handler that may run beside `run`, and after it.
  template <class F>
  Workflow& shared(std::string name, F function, HandlerOptions options = {}) & {
    return add(std::move(name), wire::HandlerType::kShared, std::move(function), std::move(options));
  }
  /// Adds a handler that may run beside `run`, and after it, in a chain.
  template <class F>
  Workflow&& shared(std::string name, F function, HandlerOptions options = {}) && {
    return std::move(shared(std::move(name), std::move(function), std::move(options)));
  }
};

}  // namespace restate
