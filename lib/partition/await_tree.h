#pragma once

/// \file
/// What a suspended invocation waits for, and whether it has come.

#include "partition/status.h"

#include <cstdint>
#include <string>
#include <utility>

namespace restate::partition {

/// The deepest tree that is stored; the root has depth 0.
inline constexpr int kDeepestAwait = 1000;

/// How a node of an await tree stands. `kEither`: done, and only the SDK can tell how.
enum class Outcome : std::uint8_t { kPending, kSuccess, kFailure, kEither };

inline Outcome outcome_of(Variant variant) {
  switch (variant) {
    case Variant::kUnknown:
      return Outcome::kEither;
    case Variant::kFailure:
      return Outcome::kFailure;
    case Variant::kVoid:
    case Variant::kValue:
    case Variant::kInvocationId:
    case Variant::kStateKeys:
      return Outcome::kSuccess;
  }
  RESTATE_UNREACHABLE();
}

/// What a node makes of one child's outcome: nothing to say yet, the node's own outcome, or that
/// the child no longer matters.
struct Verdict {
  Outcome node = Outcome::kPending;
  bool shave = false;
};
Verdict judge(wire::Combinator combinator, Outcome child);
/// The outcome of a node all of whose children were shaved.
Outcome outcome_of_none(wire::Combinator combinator);

/// Looks at the leaves with `available`, which answers an optional `Variant` for an id. Children
/// that are done and do not decide are shaved off, so that the tree that is left can be stored.
/// Anything but `kPending` wakes the invocation. An early wake-up costs an attempt; a late one
/// would strand the invocation, so whatever is unclear wakes.
template <class Available>
Outcome resolve(wire::AwaitTree& tree, const Available& available) {
  Outcome decided = Outcome::kPending;
  const auto keep = [&](Outcome child) {
    if (child == Outcome::kPending || decided != Outcome::kPending) return true;
    const Verdict verdict = judge(tree.combinator, child);
    decided = verdict.node;
    return !verdict.shave;
  };
  std::erase_if(tree.leaves, [&](const wire::NotificationId& leaf) {
    if (decided != Outcome::kPending) return false;
    const auto variant = available(leaf);
    return !keep(variant ? outcome_of(*variant) : Outcome::kPending);
  });
  std::erase_if(tree.nested, [&](wire::AwaitTree& node) {
    return decided == Outcome::kPending && !keep(resolve(node, available));
  });
  if (decided == Outcome::kPending && tree.leaves.empty() && tree.nested.empty()) {
    return outcome_of_none(tree.combinator);
  }
  return decided;
}

/// The depth of a tree; a lone node has 0.
int depth(const wire::AwaitTree& tree);

/// The tree as SQL and events show it (`{"FirstCompleted":[{"Single":{"CompletionId":1}}]}`).
std::string to_json(const wire::AwaitTree& tree);

}  // namespace restate::partition
