#include "query/pg/session.h"
#include "query/pg/tokens.h"

namespace restate::query::pg {
namespace {

constexpr std::uint32_t kTextType = 25;

}  // namespace

void Session::on_query(std::string_view body) {
  FieldReader fields(body);
  const std::string_view text = fields.text();
  if (!fields.complete()) return die("08P01", "the query message is malformed");
  if (const auto unnamed = portals_.find(""); unnamed != portals_.end()) {
    drop(*unnamed->second);
    portals_.erase(unnamed);
  }
  statements_.erase("");
  const auto statements = split_statements(text, kScriptStatements + 1);
  if (statements.size() > kScriptStatements) {
    // Those that need no engine are answered in one go, and the answers are kept until then.
    fail({"54000", "there are more than " + std::to_string(kScriptStatements) +
                       " statements in one query"});
    return ready_for_query();
  }
  for (const std::string_view statement : statements) script_.emplace_back(statement);
  if (script_.empty()) empty_message('I');
  next_of_script();
}

void Session::next_of_script() {
  activity_ = Activity::kNone;
  script_portal_.reset();
  while (!script_.empty()) {
    auto statement = std::make_shared<Prepared>();
    statement->sql = std::move(script_.front());
    script_.pop_front();
    statement->plan = plan_of(statement->sql);
    const Here here = run_here(statement->plan, true);
    if (here == Here::kFailed) script_.clear();
    if (here != Here::kNo) continue;
    script_portal_ = std::make_unique<Portal>();
    script_portal_->request.sql = statement->text_for_engine();
    script_portal_->statement = std::move(statement);
    row_limit_ = rows_ = 0;
    return start(*script_portal_, Activity::kScript);
  }
  if (transaction_ == Transaction::kIdle) drop_portals();
  ready_for_query();
}

Session::Here Session::refuse(const Failure& failure) {
  fail(failure);
  return Here::kFailed;
}

Session::Here Session::run_here(const StatementPlan& plan, bool with_description) {
  const bool ends = plan.kind == StatementKind::kCommit || plan.kind == StatementKind::kRollback ||
                    plan.kind == StatementKind::kRollbackTo;
  if (transaction_ == Transaction::kFailed && !ends) {
    return refuse({"25P02",
                   "current transaction is aborted, commands ignored until end of transaction block"});
  }
  switch (plan.kind) {
    case StatementKind::kQuery:
    case StatementKind::kCopyOut:
      return Here::kNo;
    case StatementKind::kEmpty:
      empty_message('I');
      return Here::kDone;
    case StatementKind::kBegin:
      transaction_ = Transaction::kOpen;
      break;
    case StatementKind::kCommit:
    case StatementKind::kRollback: {
      const bool undone = transaction_ == Transaction::kFailed;
      transaction_ = Transaction::kIdle;
      complete(undone ? "ROLLBACK" : plan.tag);
      return Here::kDone;
    }
    case StatementKind::kRollbackTo:
      if (transaction_ == Transaction::kFailed) transaction_ = Transaction::kOpen;
      break;
    case StatementKind::kSet:
      if (!settings_.set(plan.name, plan.value)) {
        return refuse({"53400", "too many settings, or too long a value"});
      }
      break;
    case StatementKind::kReset:
      plan.name.empty() ? settings_.reset() : settings_.reset(plan.name);
      break;
    case StatementKind::kShow:
      return show(plan.name, with_description);
    case StatementKind::kDeallocate:
      if (plan.name.empty()) {
        statements_.clear();
      } else {
        statements_.erase(plan.name);
      }
      break;
    case StatementKind::kDiscard:
      settings_.reset();
      statements_.clear();
      break;
    case StatementKind::kSavepoint:
    case StatementKind::kNothing:
      break;
    case StatementKind::kWrite:
      return refuse({"25006", "cannot execute " + plan.tag +
                                  " in a read-only transaction: the tables cannot be changed"});
    case StatementKind::kUnsupported:
      return refuse({"0A000", plan.tag + " is not supported"});
  }
  complete(plan.tag);
  return Here::kDone;
}

void Session::describe_show(const std::string& name) {
  append_row_description(outgoing_, {{settings_.display_name(name), kTextType, -1, false}});
}

Session::Here Session::show(const std::string& name, bool with_description) {
  const auto value = settings_.find(name);
  if (!value) return refuse({"42704", "unrecognized configuration parameter \"" + name + "\""});
  if (with_description) describe_show(name);
  MessageWriter writer = message();
  writer.begin('D').u16(1).u32(static_cast<std::uint32_t>(value->size())).raw(*value).end();
  complete("SHOW");
  return Here::kDone;
}

}  // namespace restate::query::pg
