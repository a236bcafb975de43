#include "native/await.h"

#include "native/vm.h"

#include <restate/assert.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace restate::native {
namespace {

/// Nothing: open. Else whether it has failed. `last_failed`: the part that came last.
std::optional<bool> judge(wire::Combinator combinator, std::size_t parts, std::size_t done,
                          std::size_t failed, bool last_failed) {
  switch (combinator) {
    case wire::Combinator::kUnknown:
    case wire::Combinator::kFirstCompleted:
      if (done > 0) return last_failed;
      return std::nullopt;
    case wire::Combinator::kAllCompleted:
      if (done == parts) return false;
      return std::nullopt;
    case wire::Combinator::kFirstSucceededOrAllFailed:
      if (done > failed) return false;
      if (done == parts) return true;
      return std::nullopt;
    case wire::Combinator::kAllSucceededOrFirstFailed:
      if (failed > 0) return true;
      if (done == parts) return false;
      return std::nullopt;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

OpenAwait::OpenAwait(const Await& await, const Vm& vm) : await_(await) {
  root_.combinator = await.combinator;
  add_parts(await, 0, vm);
  // Results find their parts by this. Handles are given in rising numbers, so it mostly is in
  // order.
  const auto by_handle = [](const Part& a, const Part& b) { return a.handle < b.handle; };
  if (!std::is_sorted(parts_.begin(), parts_.end(), by_handle)) {
    std::sort(parts_.begin(), parts_.end(), by_handle);
  }
  open_ = parts_.size();
  limit_reached_ = await.limit && vm.done(*await.limit);
}

void OpenAwait::add_nested(const Await& await, std::uint32_t parent, const Vm& vm) {
  nested_.push_back({.combinator = await.combinator, .parent = parent});
  add_parts(await, static_cast<std::uint32_t>(nested_.size()), vm);
}

void OpenAwait::add_parts(const Await& await, std::uint32_t index, const Vm& vm) {
  Node& added = node(index);
  added.parts = await.handles.size() + await.nested.size();
  if (added.parts == 0) {
    // Only `all` takes nothing at all, and is there at once.
    added.settled = true;
    return count(added.parent, false);
  }
  for (const Handle handle : await.handles) {
    if (vm.done(handle)) {
      count(index, vm.failed(handle));
    } else {
      parts_.push_back({handle.index, index});
    }
  }
  for (const Await& nested : await.nested) add_nested(nested, index, vm);
}

void OpenAwait::count(std::uint32_t index, bool failed) {
  while (index != UINT32_MAX) {  // as the root's parent is
    Node& counted = node(index);
    if (counted.settled) return;
    ++counted.done;
    if (failed) ++counted.failed;
    const auto verdict =
        judge(counted.combinator, counted.parts, counted.done, counted.failed, failed);
    if (!verdict) return;
    counted.settled = true;
    failed = *verdict;
    index = counted.parent;
  }
}

void OpenAwait::on_done(Handle handle, bool failed) {
  if (await_.limit == handle) limit_reached_ = true;
  const auto before = [](const Part& part, std::uint32_t value) { return part.handle < value; };
  auto part = std::lower_bound(parts_.begin(), parts_.end(), handle.index, before);
  for (; part != parts_.end() && part->handle == handle.index; ++part) {
    --open_;
    count(part->node, failed);
  }
}

wire::AwaitTree OpenAwait::missing(const Vm& vm) const {
  wire::AwaitTree root;
  root.combinator = wire::Combinator::kFirstCompleted;
  std::size_t next = 0;
  if (vm.protocol() < 7) {
    // The engine wakes us at the first of them, and we look whether that is enough.
    collect_leaves(await_, vm, false, next, root.leaves);
  } else {
    wire::AwaitTree tree = missing_of(await_, vm, next);
    if (tree.combinator == wire::Combinator::kFirstCompleted) {
      root = std::move(tree);
    } else {
      root.nested.push_back(std::move(tree));
    }
  }
  if (await_.limit) root.leaves.push_back(vm.id_of(*await_.limit));
  // A cancellation must wake us, even where it is looked at only later; but not a handler that wants to hear
  // of none.
  if (vm.cancellable()) root.leaves.push_back(wire::kCancelSignal);
  return root;
}

wire::AwaitTree OpenAwait::missing_of(const Await& await, const Vm& vm, std::size_t& next) const {
  ++next;
  wire::AwaitTree tree;
  tree.combinator = await.combinator;
  for (const Handle handle : await.handles) {
    if (!vm.done(handle)) tree.leaves.push_back(vm.id_of(handle));
  }
  for (const Await& nested : await.nested) {
    const bool settled = node(next).settled;
    wire::AwaitTree below = missing_of(nested, vm, next);
    if (!settled) tree.nested.push_back(std::move(below));
  }
  return tree;
}

void OpenAwait::collect_leaves(const Await& await, const Vm& vm, bool settled, std::size_t& next,
                               std::vector<wire::NotificationId>& leaves) const {
  settled = settled || node(next).settled;
  ++next;
  for (const Handle handle : await.handles) {
    if (!settled && !vm.done(handle)) leaves.push_back(vm.id_of(handle));
  }
  for (const Await& nested : await.nested) collect_leaves(nested, vm, settled, next, leaves);
}

}  // namespace restate::native
