#pragma once

/// \file
/// What a durable function waits for: single things, which the steps of its context give, and
/// groups of them that count as one.

#include <restate/bytes.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

namespace detail {
struct Group;
}

/// Something to wait for. Belongs to the context that gave it, or whose things it is a group of.
struct Awaitable {
  std::uint32_t index = UINT32_MAX;  ///< of the context's own books; only it makes them
  /// By `when_all` and its like; null: a single thing.
  std::shared_ptr<const detail::Group> group = {};
};

/// The same, with what comes out of it: see `Context::await`.
template <class T>
struct Pending : Awaitable {};

/// A result that something outside completes: see `Context::awakeable`.
template <class T = Bytes>
struct Awakeable {
  std::string id;     ///< may travel anywhere: in a request, a mail, the URL of a webhook
  Pending<T> result;  ///< to be waited for
};

namespace detail {
/// When a group is there. The groups below and the waits of a context mean the same by these.
enum class GroupRule : std::uint8_t { kAny, kAll, kFirstSucceeded, kAllSucceeded };
/// Several things that count as one.
struct Group {
  GroupRule rule = GroupRule::kAny;
  std::vector<Awaitable> of;
};
inline Awaitable grouped(GroupRule rule, std::vector<Awaitable> of) {
  return {UINT32_MAX, std::make_shared<const Group>(Group{rule, std::move(of)})};
}
}  // namespace detail

// Groups may stand wherever a context waits for several things, also inside of each other:
//
//     ctx.any({when_all({payment, delivery}), complaint})
//
// They have no value of their own: once a group is there, its members are awaited for theirs. Those
// that are there take no time then, and are the same in every attempt.

/// There as soon as one of these is: a success if that one is.
inline Awaitable when_any(std::vector<Awaitable> of) {
  return detail::grouped(detail::GroupRule::kAny, std::move(of));
}
/// There when all of these are, whatever came of them: a success.
inline Awaitable when_all(std::vector<Awaitable> of) {
  return detail::grouped(detail::GroupRule::kAll, std::move(of));
}
/// There with the first success, or when all have failed: then a failure.
inline Awaitable when_first_succeeded(std::vector<Awaitable> of) {
  return detail::grouped(detail::GroupRule::kFirstSucceeded, std::move(of));
}
/// There when all have succeeded, or with the first failure: then a failure.
inline Awaitable when_all_succeeded(std::vector<Awaitable> of) {
  return detail::grouped(detail::GroupRule::kAllSucceeded, std::move(of));
}

}  // namespace restate

#pragma GCC visibility pop
