#pragma once

// A counter per key: state that belongs to an object, and handlers with types of their own. Calls of
// one key run one after another, so nothing is lost between the `get` and the `set`.

#include <restate/context.h>
#include <restate/contract.h>
#include <restate/json.h>
#include <restate/service.h>

#include <cstdint>

// [Counter]
/// What callers know of it.
struct Counter {
  static constexpr restate::ObjectHandler<std::int64_t(std::int64_t)> add{"Counter", "add"};
  static constexpr restate::ObjectHandler<std::int64_t()> get{"Counter", "get"};
};
// [/Counter]

inline restate::Result<std::int64_t> add(restate::Context& ctx, std::int64_t amount) {
  RESTATE_TRY(std::int64_t count, ctx.get_or<std::int64_t>("count", 0));
  count += amount;
  RESTATE_TRY_VOID(ctx.set("count", count));
  return count;
}

inline restate::Result<std::int64_t> get(restate::Context& ctx) {
  return ctx.get_or<std::int64_t>("count", 0);
}

/// The object `Counter`.
inline restate::ServiceDefinition counter() {
  return restate::Object("Counter").handler(Counter::add, add).shared(Counter::get, get);
}
