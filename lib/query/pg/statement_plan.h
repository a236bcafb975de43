#pragma once

/// \file
/// What kind of statement a text is: many are no business of the engine.

#include "query/pg/copy_out.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::query::pg {

enum class StatementKind : std::uint8_t {
  kEmpty,
  kQuery,  ///< for the engine
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,  ///< and its relatives, which mean nothing here, but for `ROLLBACK TO`
  kRollbackTo,
  kSet,
  kReset,
  kShow,
  kDeallocate,
  kDiscard,
  kNothing,  ///< allowed, and without effect
  kCopyOut,  ///< a query for the engine, whose answer is sent as lines
  kWrite,
  kUnsupported,
};

struct StatementPlan {
  StatementKind kind = StatementKind::kEmpty;
  std::string tag = {};    ///< what a client is told at its end; of a query the word before the count
  std::string name = {};   ///< what is set, shown or given up; empty: everything
  std::string value = {};  ///< what it is set to; the query whose rows are copied
  CopyFormat copy = {};    ///< of `kCopyOut`
};

/// What one statement is.
StatementPlan plan_of(std::string_view sql);

}  // namespace restate::query::pg
