#pragma once

/// \file
/// What a handler waits for, and how much of it is there.

#include "common/visibility.h"

#include <restate/wire/journal.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace restate::native {

class Vm;

/// Something a handler can wait for. Valid for the attempt that gave it.
struct Handle {
  std::uint32_t index = UINT32_MAX;
  bool operator==(const Handle&) const = default;
};

/// What a handler waits for: one of some things, or all of them, or until it is known whether one
/// of them succeeds or all of them do.
struct RESTATE_HIDDEN Await {
  wire::Combinator combinator = wire::Combinator::kFirstCompleted;
  std::vector<Handle> handles;
  std::optional<Handle> limit = {};  ///< a timer that ends the wait, too; of the outermost one only
  std::vector<Await> nested = {};    ///< each counts as one thing
};

/// A wait under way. Every result is counted once, when it comes: a wait for n things costs about
/// n, however many of them come apart.
class RESTATE_HIDDEN OpenAwait {
 public:
  /// Counts what `vm` has. `await` outlives it.
  OpenAwait(const Await& await, const Vm& vm);

  /// One more handle of `vm` has a result.
  void on_done(Handle handle, bool failed);

  /// What was awaited is there, or the time is up.
  bool over() const { return satisfied() || limit_reached_; }
  /// What was awaited is there, whether or not the time was up before.
  bool satisfied() const { return root_.settled; }

  /// What is missing, as the engine has to know it.
  wire::AwaitTree missing(const Vm& vm) const;
  /// Whether the engine should be told (again) what is missing: the first time, and when no more
  /// than half of that is. All that is ever told of n things is then about 2n of them, not n².
  bool worth_telling() const { return told_ == 0 || 2 * open_ <= told_; }
  void set_told() { told_ = open_; }

  const Await& await() const { return await_; }

 private:
  /// The await itself, or one nested in it.
  struct Node {
    wire::Combinator combinator = wire::Combinator::kFirstCompleted;
    std::uint32_t parent = UINT32_MAX;
    std::size_t parts = 0, done = 0, failed = 0;
    bool settled = false;
  };
  struct Part {
    std::uint32_t handle = 0, node = 0;
  };

  void add_nested(const Await& await, std::uint32_t parent, const Vm& vm);
  void add_parts(const Await& await, std::uint32_t node, const Vm& vm);
  /// Of the node's parts, one more is done.
  void count(std::uint32_t node, bool failed);
  /// `next`: the number of `await`, and then of what comes behind all that is nested in it.
  wire::AwaitTree missing_of(const Await& await, const Vm& vm, std::size_t& next) const;
  /// `settled`: what `await` is nested in is there, so nothing below is missing.
  void collect_leaves(const Await& await, const Vm& vm, bool settled, std::size_t& next,
                      std::vector<wire::NotificationId>& leaves) const;

  /// The root has number 0.
  Node& node(std::size_t index) { return index == 0 ? root_ : nested_[index - 1]; }
  const Node& node(std::size_t index) const { return index == 0 ? root_ : nested_[index - 1]; }

  const Await& await_;
  Node root_;                 ///< apart from the others: most waits have no more
  std::vector<Node> nested_;  ///< each before those nested in it
  std::vector<Part> parts_;   ///< that were not done in the beginning, by handle
  std::size_t open_ = 0;      ///< of them, those that are not done now
  std::size_t told_ = 0;      ///< how many were open when the engine was told; 0: never
  bool limit_reached_ = false;
};

}  // namespace restate::native
