#include "partition/await_tree.h"

#include "common/utf8.h"

#include <algorithm>
#include <string_view>

namespace restate::partition {

Verdict judge(wire::Combinator combinator, Outcome child) {
  switch (combinator) {
    case wire::Combinator::kUnknown:
      return {.node = Outcome::kEither};
    case wire::Combinator::kFirstCompleted:
      return {.node = child};
    case wire::Combinator::kAllCompleted:
      return {.shave = true};
    case wire::Combinator::kFirstSucceededOrAllFailed:
      if (child == Outcome::kFailure) return {.shave = true};
      return {.node = child};
    case wire::Combinator::kAllSucceededOrFirstFailed:
      if (child == Outcome::kSuccess) return {.shave = true};
      return {.node = child};
  }
  RESTATE_UNREACHABLE();
}

Outcome outcome_of_none(wire::Combinator combinator) {
  switch (combinator) {
    case wire::Combinator::kUnknown:
    case wire::Combinator::kFirstCompleted:
      return Outcome::kEither;
    case wire::Combinator::kAllCompleted:
    case wire::Combinator::kAllSucceededOrFirstFailed:
      return Outcome::kSuccess;
    case wire::Combinator::kFirstSucceededOrAllFailed:
      return Outcome::kFailure;
  }
  RESTATE_UNREACHABLE();
}

int depth(const wire::AwaitTree& tree) {
  int deepest = 0;
  for (const auto& node : tree.nested) deepest = std::max(deepest, 1 + depth(node));
  return deepest;
}

namespace {

void append_leaf(std::string& out, const wire::NotificationId& leaf) {
  out.append("{\"Single\":{");
  if (const auto* completion = std::get_if<wire::CompletionId>(&leaf)) {
    out.append("\"CompletionId\":").append(std::to_string(completion->value));
  } else if (const auto* index = std::get_if<wire::SignalIndex>(&leaf)) {
    out.append("\"SignalIndex\":").append(std::to_string(index->value));
  } else {
    out.append("\"SignalName\":");
    append_json_string(out, std::get<wire::SignalName>(leaf).value);
  }
  out.append("}}");
}

void append_tree(std::string& out, const wire::AwaitTree& tree) {
  out.append("{\"").append(wire::combinator_name(tree.combinator)).append("\":[");
  bool first = true;
  for (const auto& leaf : tree.leaves) {
    if (!first) out.push_back(',');
    first = false;
    append_leaf(out, leaf);
  }
  for (const auto& node : tree.nested) {
    if (!first) out.push_back(',');
    first = false;
    append_tree(out, node);
  }
  out.append("]}");
}

}  // namespace

std::string to_json(const wire::AwaitTree& tree) {
  std::string out;
  append_tree(out, tree);
  return out;
}

}  // namespace restate::partition
