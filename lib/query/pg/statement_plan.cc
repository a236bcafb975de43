#include "query/pg/statement_plan.h"

#include "common/ascii.h"
#include "query/pg/tokens.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace restate::query::pg {
namespace {

/// What a statement is shows in so many words, however long it is.
constexpr std::size_t kTellingWords = 64;

StatementPlan plan_of_set(const Words& words) {
  std::size_t i = 1;
  if (words.is(i, "session") && words.is(i + 1, "characteristics")) {
    return {StatementKind::kNothing, "SET"};
  }
  if (words.is(i, "session") || words.is(i, "local")) ++i;
  if (words.is(i, "transaction")) return {StatementKind::kNothing, "SET"};
  StatementPlan plan{StatementKind::kSet, "SET"};
  if (words.is(i, "time") && words.is(i + 1, "zone")) {
    plan.name = "timezone";
    plan.value = words.rest(i + 2);
    return plan;
  }
  plan.name = words.name(i++);
  while (words.is(i, ".")) {
    plan.name += "." + words.name(i + 1);
    i += 2;
  }
  if (words.is(i, "=") || words.is(i, "to")) ++i;
  plan.value = words.rest(i);
  return plan;
}

StatementPlan plan_of_show(const Words& words) {
  // What DuckDB shows, too, and what people typed into older releases.
  if (words.is(1, "tables") || words.is(1, "columns") || words.is(1, "databases")) {
    return {StatementKind::kQuery, "SELECT"};
  }
  StatementPlan plan{StatementKind::kShow, "SHOW"};
  if (words.is(1, "time") && words.is(2, "zone")) {
    plan.name = "timezone";
  } else if (words.is(1, "session") && words.is(2, "authorization")) {
    plan.name = "session_authorization";
  } else if (words.is(1, "transaction") && words.is(2, "isolation")) {
    plan.name = "transaction_isolation";
  } else {
    plan.name = words.name(1);
    for (std::size_t i = 2; words.is(i, "."); i += 2) plan.name += "." + words.name(i + 1);
  }
  return plan;
}

struct Verb {
  std::string_view word;
  StatementKind kind;
  std::string_view tag;
};

constexpr Verb kVerbs[] = {
    {"select", StatementKind::kQuery, "SELECT"},
    {"values", StatementKind::kQuery, "SELECT"},
    {"with", StatementKind::kQuery, "SELECT"},
    {"table", StatementKind::kQuery, "SELECT"},
    {"from", StatementKind::kQuery, "SELECT"},
    {"describe", StatementKind::kQuery, "SELECT"},
    {"desc", StatementKind::kQuery, "SELECT"},
    {"explain", StatementKind::kQuery, "EXPLAIN"},
    {"begin", StatementKind::kBegin, "BEGIN"},
    {"start", StatementKind::kBegin, "START TRANSACTION"},
    {"commit", StatementKind::kCommit, "COMMIT"},
    {"end", StatementKind::kCommit, "COMMIT"},
    {"rollback", StatementKind::kRollback, "ROLLBACK"},
    {"abort", StatementKind::kRollback, "ROLLBACK"},
    {"savepoint", StatementKind::kSavepoint, "SAVEPOINT"},
    {"release", StatementKind::kSavepoint, "RELEASE"},
    {"set", StatementKind::kSet, "SET"},
    {"reset", StatementKind::kReset, "RESET"},
    {"show", StatementKind::kShow, "SHOW"},
    {"deallocate", StatementKind::kDeallocate, "DEALLOCATE"},
    {"discard", StatementKind::kDiscard, "DISCARD ALL"},
    {"close", StatementKind::kNothing, "CLOSE CURSOR"},
    {"listen", StatementKind::kNothing, "LISTEN"},
    {"unlisten", StatementKind::kNothing, "UNLISTEN"},
    {"copy", StatementKind::kUnsupported, "COPY"},
    {"declare", StatementKind::kUnsupported, "DECLARE"},
    {"fetch", StatementKind::kUnsupported, "FETCH"},
    {"move", StatementKind::kUnsupported, "MOVE"},
    {"prepare", StatementKind::kUnsupported, "PREPARE"},
    {"execute", StatementKind::kUnsupported, "EXECUTE"},
    {"call", StatementKind::kUnsupported, "CALL"},
    {"do", StatementKind::kUnsupported, "DO"},
    {"insert", StatementKind::kWrite, "INSERT"},
    {"update", StatementKind::kWrite, "UPDATE"},
    {"delete", StatementKind::kWrite, "DELETE"},
    {"merge", StatementKind::kWrite, "MERGE"},
    {"truncate", StatementKind::kWrite, "TRUNCATE"},
    {"create", StatementKind::kWrite, "CREATE"},
    {"alter", StatementKind::kWrite, "ALTER"},
    {"drop", StatementKind::kWrite, "DROP"},
    {"grant", StatementKind::kWrite, "GRANT"},
    {"revoke", StatementKind::kWrite, "REVOKE"},
    {"comment", StatementKind::kWrite, "COMMENT"},
    {"vacuum", StatementKind::kWrite, "VACUUM"},
    {"analyze", StatementKind::kWrite, "ANALYZE"},
    {"reindex", StatementKind::kWrite, "REINDEX"},
    {"lock", StatementKind::kWrite, "LOCK"},
};

}  // namespace

StatementPlan plan_of(std::string_view sql) {
  const Words words(sql, kTellingWords);
  if (words.size() == 0) return {};
  std::size_t first = 0;
  while (words.is(first, "(")) ++first;
  const std::string word = ascii_lower(words[first].text);
  const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                 [&](const Verb& each) { return each.word == word; });
  // Whatever else it may be, the parser has a better message for it.
  if (verb == std::end(kVerbs)) return {StatementKind::kQuery, "SELECT"};
  if (first > 0 && verb->kind != StatementKind::kQuery) return {StatementKind::kQuery, "SELECT"};
  StatementPlan plan{verb->kind, std::string(verb->tag)};
  if (word == "copy") {
    if (auto copy = copy_out_of(sql)) {
      plan.kind = StatementKind::kCopyOut;
      plan.value = std::move(copy->query);
      plan.copy = std::move(copy->format);
    }
    return plan;
  }
  switch (verb->kind) {
    case StatementKind::kSet:
      return plan_of_set(words);
    case StatementKind::kShow:
      return plan_of_show(words);
    case StatementKind::kReset:
      plan.name = words.is(1, "all") ? std::string() : words.name(1);
      return plan;
    case StatementKind::kDeallocate: {
      const std::size_t at = words.is(1, "prepare") ? 2 : 1;
      plan.name = words.is(at, "all") ? std::string() : words.name(at);
      return plan;
    }
    case StatementKind::kRollback: {
      const std::size_t at = words.is(1, "work") || words.is(1, "transaction") ? 2 : 1;
      if (words.is(at, "to")) plan.kind = StatementKind::kRollbackTo;
      return plan;
    }
    case StatementKind::kEmpty:
    case StatementKind::kQuery:
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kDiscard:
    case StatementKind::kNothing:
    case StatementKind::kCopyOut:
    case StatementKind::kWrite:
    case StatementKind::kUnsupported:
      return plan;
  }
  return plan;
}

}  // namespace restate::query::pg
