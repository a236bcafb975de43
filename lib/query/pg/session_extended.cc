#include "query/pg/session.h"
#include "query/pg/tokens.h"

namespace restate::query::pg {
namespace {

constexpr std::uint32_t kNull = UINT32_MAX;
constexpr const char* kMalformed = "08P01";

/// The forms that a Bind message gives for something: none, one for all, or one for each.
std::vector<bool> read_forms(FieldReader& fields) {
  std::vector<bool> forms;
  const std::uint16_t count = fields.u16();
  for (std::uint16_t i = 0; i < count && fields.ok(); ++i) forms.push_back(fields.u16() == 1);
  return forms;
}

}  // namespace

void Session::fail_extended(const Failure& failure) {
  fail(failure);
  skipping_ = true;
}

std::size_t Session::Prepared::bytes() const {
  return sql.size() + plan.name.size() + plan.value.size() + types.size() * sizeof types[0] +
         description.size();
}

/// With every message that keeps something: it looks at each thing once, however large that is.
bool Session::keep(std::size_t bytes, bool has_place) {
  std::size_t kept = bytes;
  for (const auto& [name, prepared] : statements_) kept += name.size() + prepared->bytes();
  for (const auto& [name, portal] : portals_) kept += name.size() + portal->bytes;
  if (has_place && kept <= kKeptBytes) return true;
  fail_extended({"54000", "too many prepared statements or open portals; close some"});
  return false;
}

void Session::on_parse(FieldReader& fields) {
  const std::string name(fields.text());
  auto prepared = std::make_shared<Prepared>();
  prepared->sql = fields.text();
  const std::uint16_t count = fields.u16();
  for (std::uint16_t i = 0; i < count && fields.ok(); ++i) prepared->types.push_back(fields.u32());
  if (!fields.complete()) return die(kMalformed, "the parse message is malformed");
  const auto statements = split_statements(prepared->sql, 2);
  if (statements.size() > 1) {
    return fail_extended({"42601", "cannot insert multiple commands into a prepared statement"});
  }
  prepared->sql = statements.empty() ? std::string() : std::string(statements[0]);
  prepared->plan = plan_of(prepared->sql);
  if (name.empty()) {
    statements_.erase(name);
  } else if (statements_.contains(name)) {
    return fail_extended({"42P05", "prepared statement \"" + name + "\" already exists"});
  }
  if (!keep(name.size() + prepared->bytes(), statements_.size() < kKeptStatements)) return;
  statements_[name] = std::move(prepared);
  empty_message('1');
}

void Session::on_bind(FieldReader& fields) {
  const std::string name(fields.text());
  const std::string statement(fields.text());
  const auto forms = read_forms(fields);
  auto portal = std::make_unique<Portal>();
  Request& request = portal->request;
  const std::uint16_t count = fields.u16();
  for (std::uint16_t i = 0; i < count && fields.ok(); ++i) {
    Parameter parameter;
    const std::uint32_t size = fields.u32();
    if (size != kNull) parameter.value = fields.raw(size);
    if (!forms.empty()) parameter.binary = forms.size() == 1 ? forms[0] : i < forms.size() && forms[i];
    portal->bytes += sizeof parameter + (parameter.value ? parameter.value->size() : 0);
    request.parameters.push_back(std::move(parameter));
  }
  request.binary = read_forms(fields);
  if (!fields.complete()) return die(kMalformed, "the bind message is malformed");
  const auto found = statements_.find(statement);
  if (found == statements_.end()) {
    return fail_extended({"26000", "prepared statement \"" + statement + "\" does not exist"});
  }
  if (const auto before = portals_.find(name); before != portals_.end()) {
    if (!name.empty()) {
      return fail_extended({"42P03", "portal \"" + name + "\" already exists"});
    }
    drop(*before->second);
    portals_.erase(before);
  }
  portal->statement = found->second;
  request.sql = portal->statement->text_for_engine();
  if (portal->statement->is_copy()) request.binary.clear();  // lines are texts
  request.types = portal->statement->types;
  portal->bytes += request.sql.size() + request.types.size() * sizeof request.types[0];
  if (!keep(name.size() + portal->bytes, portals_.size() < kKeptPortals)) return;
  portals_[name] = std::move(portal);
  empty_message('2');
}

bool Session::describe_here(const Prepared& prepared, bool as_statement) {
  if (prepared.plan.kind == StatementKind::kQuery) return false;
  if (as_statement) message().begin('t').u16(0).end();
  if (prepared.plan.kind == StatementKind::kShow) {
    describe_show(prepared.plan.name);
  } else {
    empty_message('n');
  }
  return true;
}

void Session::on_describe(FieldReader& fields) {
  const std::uint8_t what = fields.u8();
  const std::string name(fields.text());
  if (!fields.complete()) return die(kMalformed, "the describe message is malformed");
  if (what == 'S') {
    const auto found = statements_.find(name);
    if (found == statements_.end()) {
      return fail_extended({"26000", "prepared statement \"" + name + "\" does not exist"});
    }
    if (describe_here(*found->second, true)) return;
    return describe(found->second);
  }
  const auto found = portals_.find(name);
  if (found == portals_.end()) {
    return fail_extended({"34000", "portal \"" + name + "\" does not exist"});
  }
  Portal& portal = *found->second;
  if (describe_here(*portal.statement, false)) return;
  if (portal.begun) return describe_portal(portal);
  if (run_here(portal.statement->plan, false) == Here::kFailed) {
    skipping_ = true;
    return;
  }
  start(portal, Activity::kDescribePortal);
}

void Session::on_execute(FieldReader& fields) {
  const std::string name(fields.text());
  const std::uint32_t rows = fields.u32();
  if (!fields.complete()) return die(kMalformed, "the execute message is malformed");
  const auto found = portals_.find(name);
  if (found == portals_.end()) {
    return fail_extended({"34000", "portal \"" + name + "\" does not exist"});
  }
  Portal& portal = *found->second;
  const PreparedPtr statement = portal.statement;
  switch (run_here(statement->plan, false)) {
    case Here::kFailed:
      skipping_ = true;
      return;
    case Here::kDone:
      return;
    case Here::kNo:
      return execute(portal, rows);
  }
}

void Session::on_close(FieldReader& fields) {
  const std::uint8_t what = fields.u8();
  const std::string name(fields.text());
  if (!fields.complete()) return die(kMalformed, "the close message is malformed");
  if (what == 'S') {
    statements_.erase(name);
  } else if (const auto found = portals_.find(name); found != portals_.end()) {
    drop(*found->second);
    portals_.erase(found);
  }
  empty_message('3');
}

void Session::on_sync() {
  skipping_ = false;
  if (transaction_ == Transaction::kIdle) drop_portals();
  ready_for_query();
}

}  // namespace restate::query::pg
