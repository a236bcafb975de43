#pragma once

/// \file
/// What must hold for the rows of a partition after every commit, whatever was applied
/// (docs/state-machine.md lists the invariants by number). For tests and the simulator: a check
/// reads everything.

#include <restate/result.h>
#include <restate/storage/view.h>

#include <memory>

namespace restate::partition {

/// `kCorrupt`, with the invariant's number and what breaks it, or a row that does not decode.
Result<void> check_invariants(const storage::View& rows);

/// Checks what must hold between one commit and a later one: which status follows which, journals
/// that only grow, times that do not run backwards, pins that stay.
class InvariantChecker {
 public:
  InvariantChecker();
  ~InvariantChecker();

  /// Checks `rows` by themselves, and against those of the call before.
  Result<void> observe(const storage::View& rows);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::partition
