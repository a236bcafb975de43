#pragma once

/// \file
/// The services, objects and workflows that durable functions make up. The same definition runs
/// inside an engine (`Engine::serve`) and behind any compatible server (`Endpoint`).

#include <restate/contract.h>
#include <restate/failure.h>
#include <restate/handler.h>
#include <restate/service_options.h>
#include <restate/wire/invocation.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// A service of any kind, as registered. Made by the builders below.
struct ServiceDefinition {
  std::string name;                                      ///< by which it is called
  wire::ServiceType type = wire::ServiceType::kService;  ///< what has a key, and state
  std::vector<HandlerDefinition> handlers;               ///< at least one
  ServiceOptions options;  ///< of all handlers that do not say otherwise
};

namespace detail {

/// Whether a handler is named by its declaration, rather than by text alone.
template <class Name>
concept Declared = requires {
  Name::kServiceType;
};

/// One sentence for each way in which a function may not be what is declared.
template <class Declaration, wire::ServiceType kType, class F>
constexpr void check_declared() {
  using Takes = ArgumentOf<F>;
  static_assert(
      Declaration::kServiceType == kType,
      "restate: this handler is declared for another kind: `ServiceHandler` is for a Service, "
      "`ObjectHandler` for an Object, `WorkflowHandler` for a Workflow");
  static_assert(std::is_same_v<Takes, typename Declaration::Argument>,
                "restate: this function takes something else than its declaration says");
  if constexpr (std::is_void_v<Takes>) {
    static_assert(std::is_same_v<OutcomeOfHandler<F>, typename Declaration::Value>,
                  "restate: this function gives something else than its declaration says");
  } else {
    static_assert(std::is_same_v<OutcomeOfHandler<F, Takes>, typename Declaration::Value>,
                  "restate: this function gives something else than its declaration says");
  }
}

/// What the three builders share.
template <class Builder, wire::ServiceType kType>
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
  operator ServiceDefinition() const& { return definition_; }         // NOLINT
  operator ServiceDefinition() && { return std::move(definition_); }  // NOLINT

 protected:
  explicit ServiceBuilder(std::string name) {
    definition_.name = std::move(name);
    definition_.type = kType;
  }
  template <class Name, class F>
  Builder& add(Name&& name, wire::HandlerType type, F function, HandlerOptions options) {
    using Declaration = std::remove_cvref_t<Name>;
    HandlerDefinition handler = adapt_handler(std::move(function));
    if constexpr (Declared<Declaration>) {
      check_declared<Declaration, kType, F>();
      handler.name = name.handler();
      handler.service = name.service();
    } else {
      handler.name = std::forward<Name>(name);
    }
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
class Service : public detail::ServiceBuilder<Service, wire::ServiceType::kService> {
 public:
  /// A service without handlers yet.
  explicit Service(std::string name) : ServiceBuilder(std::move(name)) {}
  /// Adds a handler, by its name or its declaration.
  template <class Name, class F>
  Service& handler(Name&& name, F function, HandlerOptions options = {}) & {
    return add(std::forward<Name>(name), wire::HandlerType::kPlain, std::move(function),
               std::move(options));
  }
  /// Adds a handler, in a chain.
  template <class Name, class F>
  Service&& handler(Name&& name, F function, HandlerOptions options = {}) && {
    return std::move(handler(std::forward<Name>(name), std::move(function), std::move(options)));
  }
};

/// Handlers with state per key. Exclusive ones run one at a time per key, in order; shared ones at
/// any time, and they only read.
class Object : public detail::ServiceBuilder<Object, wire::ServiceType::kVirtualObject> {
 public:
  /// An object without handlers yet.
  explicit Object(std::string name) : ServiceBuilder(std::move(name)) {}
  /// Adds an exclusive handler, by its name or its declaration.
  template <class Name, class F>
  Object& handler(Name&& name, F function, HandlerOptions options = {}) & {
    return add(std::forward<Name>(name), wire::HandlerType::kExclusive, std::move(function),
               std::move(options));
  }
  /// Adds an exclusive handler, in a chain.
  template <class Name, class F>
  Object&& handler(Name&& name, F function, HandlerOptions options = {}) && {
    return std::move(handler(std::forward<Name>(name), std::move(function), std::move(options)));
  }
  /// Adds a shared handler, by its name or its declaration.
  template <class Name, class F>
  Object& shared(Name&& name, F function, HandlerOptions options = {}) & {
    return add(std::forward<Name>(name), wire::HandlerType::kShared, std::move(function),
               std::move(options));
  }
  /// Adds a shared handler, in a chain.
  template <class Name, class F>
  Object&& shared(Name&& name, F function, HandlerOptions options = {}) && {
    return std::move(shared(std::forward<Name>(name), std::move(function), std::move(options)));
  }
};

/// `run` happens once per key; shared handlers talk to it through promises and read its state.
class Workflow : public detail::ServiceBuilder<Workflow, wire::ServiceType::kWorkflow> {
 public:
  /// A workflow without handlers yet.
  explicit Workflow(std::string name) : ServiceBuilder(std::move(name)) {}
  /// Sets what happens once per key.
  template <class F>
  Workflow& run(F function, HandlerOptions options = {}) & {
    return add("run", wire::HandlerType::kWorkflow, std::move(function), std::move(options));
  }
  /// The same, as it is declared: `WorkflowHandler<Receipt(Order)> run{"Sale", "run"}`.
  template <class Signature, class F>
  Workflow& run(const WorkflowHandler<Signature>& declared, F function,
                HandlerOptions options = {}) & {
    return add(declared, wire::HandlerType::kWorkflow, std::move(function), std::move(options));
  }
  /// Sets what happens once per key, in a chain.
  template <class F>
  Workflow&& run(F function, HandlerOptions options = {}) && {
    return std::move(run(std::move(function), std::move(options)));
  }
  /// The same, as it is declared, in a chain.
  template <class Signature, class F>
  Workflow&& run(const WorkflowHandler<Signature>& declared, F function,
                 HandlerOptions options = {}) && {
    return std::move(run(declared, std::move(function), std::move(options)));
  }
  /// Adds a handler that may run beside `run`, and after it, by its name or its declaration.
  template <class Name, class F>
  Workflow& shared(Name&& name, F function, HandlerOptions options = {}) & {
    return add(std::forward<Name>(name), wire::HandlerType::kShared, std::move(function),
               std::move(options));
  }
  /// Adds a handler that may run beside `run`, and after it, in a chain.
  template <class Name, class F>
  Workflow&& shared(Name&& name, F function, HandlerOptions options = {}) && {
    return std::move(shared(std::forward<Name>(name), std::move(function), std::move(options)));
  }
};

}  // namespace restate

#pragma GCC visibility pop
