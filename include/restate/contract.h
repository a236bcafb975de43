#pragma once

/// \file
/// What callers know of handlers, declared where both sides include it: names, what a handler takes
/// and what it gives. A call that does not fit, and a function that does not, are errors of the
/// compiler.
///
///     struct Counter {
///       static constexpr restate::ObjectHandler<int(int)> add{"Counter", "add"};
///       static constexpr restate::ObjectHandler<int()> get{"Counter", "get"};
///     };
///
///     Object("Counter").handler(Counter::add, add).shared(Counter::get, get);  // the callee
///     Result<int> count = ctx.call(Counter::add("apples", 5));                 // a caller
///
/// A handler that is written in another language, or elsewhere, is declared in the same way.

#include <restate/bytes.h>
#include <restate/result.h>
#include <restate/serde.h>
#include <restate/wire/invocation.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

/// A request to a handler that gives an R: made by a declaration, taken by `call` and `send` of
/// `Context` and `Engine`. Not longer than the declaration, whose names it has.
template <class R>
struct TypedRequest {
  std::string_view service,  ///< to call
      handler;               ///< of the service
  std::string key;           ///< of an object or workflow
  Result<Bytes> argument;    ///< encoded, or why it cannot be: then that is the answer
};

namespace detail {

template <class Signature>
struct SignatureOf {
  static_assert(
      kNever<Signature>,
      "restate: a handler is declared by what it gives and takes, such as `int(std::string)` "
      "or `void()`: one argument or none, neither `Context&` nor `Result`");
  using Value = void;
  using Argument = void;
};
template <class R>
  requires(!kIsResult<R>)
struct SignatureOf<R()> {
  using Value = R;
  using Argument = void;
};
template <class R, class A>
  requires(!kIsResult<R>)
struct SignatureOf<R(A)> {
  using Value = R;
  using Argument = std::remove_cvref_t<A>;
};

/// What the three kinds of declarations share.
template <class Signature, wire::ServiceType kType>
class Declaration {
 public:
  using Value = typename SignatureOf<Signature>::Value;        ///< that it gives
  using Argument = typename SignatureOf<Signature>::Argument;  ///< that it takes
  static constexpr wire::ServiceType kServiceType = kType;     ///< of what it belongs to

  /// Both names outlive the declaration.
  constexpr Declaration(std::string_view service, std::string_view handler)
      : service_(service), handler_(handler) {}

  constexpr std::string_view service() const { return service_; }
  constexpr std::string_view handler() const { return handler_; }

 protected:
  template <class... Given>
  TypedRequest<Value> request(std::string key, Given&&... given) const {
    if constexpr (std::is_void_v<Argument>) {
      static_assert(sizeof...(Given) == 0, "restate: this handler takes no argument");
      return {service_, handler_, std::move(key), Bytes()};
    } else {
      static_assert(sizeof...(Given) == 1, "restate: this handler takes one argument");
      static_assert(
          (std::is_convertible_v<Given&&, Argument> && ...),
          "restate: this is no argument for the handler; its declaration says what it takes");
      if constexpr ((std::is_convertible_v<Given&&, Argument> && ...) && sizeof...(Given) == 1) {
        return {service_, handler_, std::move(key), encoded<Argument>(std::forward<Given>(given)...)};
      }
    }
  }

 private:
  template <class A>
  static Result<Bytes> encoded(A argument) {
    return encode(std::move(argument));
  }

  std::string_view service_, handler_;
};

}  // namespace detail

/// A handler of a service: `ServiceHandler<Price(Order)> price{"Shop", "price"}`.
template <class Signature>
class ServiceHandler : public detail::Declaration<Signature, wire::ServiceType::kService> {
 public:
  using detail::Declaration<Signature, wire::ServiceType::kService>::Declaration;
  /// A request, with the argument if it takes one: `price(order)`.
  template <class... Given>
  auto operator()(Given&&... argument) const {
    return this->request({}, std::forward<Given>(argument)...);
  }
};

/// A handler of an object, exclusive or shared.
template <class Signature>
class ObjectHandler : public detail::Declaration<Signature, wire::ServiceType::kVirtualObject> {
 public:
  using detail::Declaration<Signature, wire::ServiceType::kVirtualObject>::Declaration;
  /// A request to the object of this key, with the argument if it takes one: `add("apples", 5)`.
  template <class... Given>
  auto operator()(std::string key, Given&&... argument) const {
    return this->request(std::move(key), std::forward<Given>(argument)...);
  }
};

/// A handler of a workflow: its `run`, or a shared one.
template <class Signature>
class WorkflowHandler : public detail::Declaration<Signature, wire::ServiceType::kWorkflow> {
 public:
  using detail::Declaration<Signature, wire::ServiceType::kWorkflow>::Declaration;
  /// A request to the workflow of this key, with the argument if it takes one: `sign_up("ada",
  /// user)`.
  template <class... Given>
  auto operator()(std::string key, Given&&... argument) const {
    return this->request(std::move(key), std::forward<Given>(argument)...);
  }
};

}  // namespace restate

#pragma GCC visibility pop
