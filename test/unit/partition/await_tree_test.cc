#include "partition/await_tree.h"

#include "support/catch.h"

#include <map>

using namespace restate;
using namespace restate::partition;
using wire::Combinator;
using wire::CompletionId;

namespace {

using Available = std::map<wire::NotificationId, Variant>;

Outcome resolve_with(wire::AwaitTree& tree, const Available& available) {
  return resolve(tree, [&](const wire::NotificationId& id) -> std::optional<Variant> {
    const auto found = available.find(id);
    if (found == available.end()) return std::nullopt;
    return found->second;
  });
}

wire::AwaitTree pair_of(Combinator combinator) {
  return {combinator, {CompletionId{1}, CompletionId{2}}, {}};
}

}  // namespace

TEST_CASE("any child ends a node of unknown kind", "[partition][await]") {
  auto tree = pair_of(Combinator::kUnknown);
  CHECK(resolve_with(tree, {}) == Outcome::kPending);
  CHECK(resolve_with(tree, {{CompletionId{9}, Variant::kValue}}) == Outcome::kPending);
  CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kVoid}}) == Outcome::kEither);
}

TEST_CASE("the first child decides a race", "[partition][await]") {
  auto tree = pair_of(Combinator::kFirstCompleted);
  SECTION("success") {
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kValue}}) == Outcome::kSuccess);
  }
  SECTION("failure") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kFailure}}) == Outcome::kFailure);
  }
  SECTION("both at once: the order of the tree") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kFailure},
                              {CompletionId{2}, Variant::kValue}}) == Outcome::kFailure);
  }
}

TEST_CASE("all of them, whatever they say", "[partition][await]") {
  auto tree = pair_of(Combinator::kAllCompleted);
  CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kFailure}}) == Outcome::kPending);
  CHECK(tree.leaves == std::vector<wire::NotificationId>{CompletionId{2}});
  CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kUnknown}}) == Outcome::kSuccess);
}

TEST_CASE("the first success, or all failures", "[partition][await]") {
  auto tree = pair_of(Combinator::kFirstSucceededOrAllFailed);
  SECTION("a success ends it") {
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kStateKeys}}) == Outcome::kSuccess);
  }
  SECTION("failures are dropped until none is left") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kFailure}}) == Outcome::kPending);
    CHECK(tree.leaves.size() == 1);
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kFailure}}) == Outcome::kFailure);
  }
  SECTION("what could be either wakes the handler") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kUnknown}}) == Outcome::kEither);
  }
}

TEST_CASE("all successes, or the first failure", "[partition][await]") {
  auto tree = pair_of(Combinator::kAllSucceededOrFirstFailed);
  SECTION("a failure ends it") {
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kFailure}}) == Outcome::kFailure);
  }
  SECTION("successes are dropped until none is left") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kInvocationId}}) == Outcome::kPending);
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kVoid}}) == Outcome::kSuccess);
  }
  SECTION("a completion of unknown kind wakes the handler: it decides") {
    CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kUnknown}}) == Outcome::kEither);
  }
}

TEST_CASE("nodes nest, and only what is open is kept", "[partition][await]") {
  wire::AwaitTree tree{Combinator::kFirstCompleted,
                       {wire::SignalIndex{1}},
                       {pair_of(Combinator::kAllCompleted),
                        {Combinator::kAllSucceededOrFirstFailed,
                         {CompletionId{3}},
                         {pair_of(Combinator::kFirstSucceededOrAllFailed)}}}};
  CHECK(depth(tree) == 2);
  CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kFailure}}) == Outcome::kPending);
  CHECK(tree.nested[0].leaves.size() == 1);
  CHECK(tree.nested[1].nested[0].leaves.size() == 1);
  SECTION("one branch") {
    CHECK(resolve_with(tree, {{CompletionId{2}, Variant::kFailure}}) == Outcome::kSuccess);
  }
  SECTION("the other branch") {
    CHECK(resolve_with(tree, {{CompletionId{3}, Variant::kFailure}}) == Outcome::kFailure);
  }
  SECTION("the cancellation") {
    CHECK(resolve_with(tree, {{wire::SignalIndex{1}, Variant::kVoid}}) == Outcome::kSuccess);
  }
}

TEST_CASE("a node without children waits for nothing", "[partition][await]") {
  for (int combinator = 0; combinator < 5; ++combinator) {
    wire::AwaitTree tree{static_cast<Combinator>(combinator), {}, {}};
    CHECK(resolve_with(tree, {}) != Outcome::kPending);
  }
}

TEST_CASE("a leaf may stand twice", "[partition][await]") {
  wire::AwaitTree tree{Combinator::kAllCompleted, {CompletionId{1}, CompletionId{1}}, {}};
  CHECK(resolve_with(tree, {{CompletionId{1}, Variant::kVoid}}) == Outcome::kSuccess);
}

TEST_CASE("trees are shown as people know them", "[partition][await]") {
  const wire::AwaitTree tree{Combinator::kFirstCompleted,
                             {wire::SignalIndex{1}, wire::SignalName{"a\"b"}},
                             {{Combinator::kAllCompleted, {CompletionId{3}, CompletionId{4}}, {}}}};
  CHECK(to_json(tree) ==
        R"({"FirstCompleted":[{"Single":{"SignalIndex":1}},{"Single":{"SignalName":"a\"b"}},)"
        R"({"AllCompleted":[{"Single":{"CompletionId":3}},{"Single":{"CompletionId":4}}]}]})");
}
