#include "query/pg/session.h"

#include <utility>

namespace restate::query::pg {

void Session::start(Portal& portal, Activity activity) {
  activity_ = activity;
  active_ = &portal;
  portal.run = next_run_++;
  awaited_ = portal.run;
  flush();
  out_->push_back(Start{*portal.run, portal.request});
}

void Session::describe(const PreparedPtr& prepared) {
  if (!prepared->description.empty()) {
    outgoing_ += prepared->description;
    return;
  }
  described_ = prepared;
  activity_ = Activity::kDescribe;
  awaited_ = next_run_++;
  Request request;
  request.sql = prepared->sql;
  request.types = prepared->types;
  request.describe = true;
  flush();
  out_->push_back(Start{*awaited_, std::move(request)});
}

void Session::on_described(Result<Piece> answer) {
  const PreparedPtr prepared = std::move(described_);
  described_.reset();
  if (!answer) return fail_extended(failure_of(answer.error()));
  const std::string_view body = answer->body.view();
  outgoing_.append(body);
  const std::string_view front = front_message(body);
  if (front.empty() || front[0] != 't') {
    failed();
    skipping_ = true;
    return;
  }
  FieldReader fields(front.substr(5));
  prepared->types.assign(fields.u16(), 0);
  for (std::uint32_t& type : prepared->types) type = fields.u32();
  prepared->description = body;
}

void Session::execute(Portal& portal, std::uint32_t rows) {
  row_limit_ = rows;
  rows_ = 0;
  if (!portal.begun) return start(portal, Activity::kExecute);
  activity_ = Activity::kExecute;
  active_ = &portal;
  go_on(portal);
}

void Session::keep_answer(Portal& portal, Result<Piece> answer) {
  if (!answer || answer->last) portal.run.reset();
  portal.begun = true;
  if (!answer) {
    // In the place of what would have come.
    std::string failure(portal.held.view());
    append_failure(failure, failure_of(answer.error()));
    portal.held = Bytes(std::move(failure));
    portal.done = true;
  } else {
    portal.done = answer->last;
    portal.held = portal.held.empty() ? std::move(answer->body)
                                      : portal.held.view() + std::move(answer->body);
  }
}

void Session::go_on(Portal& portal) {
  const Activity activity = activity_;
  if (activity == Activity::kDescribePortal) {
    activity_ = Activity::kNone;
    return describe_portal(portal);
  }
  const bool script = activity == Activity::kScript;
  const Outcome outcome =
      portal.statement->is_copy() ? deliver_copy(portal) : deliver(portal, script);
  if (outcome == Outcome::kWaiting) return;
  activity_ = Activity::kNone;
  if (outcome == Outcome::kSuspended) return empty_message('s');
  if (outcome == Outcome::kDone) {
    const std::string& tag = portal.statement->plan.tag;
    const bool counted = tag == "SELECT" || portal.statement->is_copy();
    complete(counted ? tag + " " + std::to_string(rows_) : tag);
  } else {
    failed();
    if (script) {
      script_.clear();
    } else {
      skipping_ = true;
    }
  }
  if (script) next_of_script();
}

void Session::describe_portal(Portal& portal) {
  if (!portal.description.empty()) {
    outgoing_ += portal.description;
    return;
  }
  const std::string_view front = front_message(portal.held.view());
  outgoing_.append(front);
  if (!front.empty() && front[0] == 'T') portal.description = front;
  portal.held = portal.held.slice(front.size());
  if (!portal.description.empty()) return;
  failed();
  skipping_ = true;
}

Session::Outcome Session::deliver(Portal& portal, bool with_description) {
  const std::string_view all = portal.held.view();
  std::size_t begin = 0, end = 0;
  bool failure = false, full = false;
  while (!failure) {
    const std::string_view front = front_message(all.substr(end));
    if (front.empty()) break;
    if (front[0] == 'D') {
      full = row_limit_ > 0 && rows_ == row_limit_;
      if (full) break;
      ++rows_;
    }
    end += front.size();
    if (front[0] == 'T' && !with_description) {  // it comes first
      begin = end;
      portal.description = front;
    }
    failure = front[0] == 'E';
  }
  if (end > begin) {
    flush();
    out_->push_back(Send{portal.held.slice(begin, end - begin)});
  }
  portal.held = portal.held.slice(end);
  if (failure) {
    portal.held = Bytes();
    portal.done = true;
    return Outcome::kFailed;
  }
  // As elsewhere, a limit that is reached with the last row is reached.
  if (full || (row_limit_ > 0 && rows_ == row_limit_)) return Outcome::kSuspended;
  if (portal.done) return Outcome::kDone;
  return ask_for_more(portal);
}

Session::Outcome Session::deliver_copy(Portal& portal) {
  const CopyFormat& format = portal.statement->plan.copy;
  const Bytes held = std::exchange(portal.held, Bytes());
  std::size_t at = 0;
  for (std::string_view front; !(front = front_message(held.view().substr(at))).empty();) {
    at += front.size();
    if (front[0] == 'E') {
      outgoing_.append(front);
      portal.done = true;
      return Outcome::kFailed;
    }
    std::string line;
    if (front[0] == 'T') {
      portal.copying = true;
      const std::uint16_t columns = FieldReader(front.substr(5)).u16();
      MessageWriter writer = message();
      writer.begin('H').u8(0).u16(columns);  // lines of text, and so is each column
      for (std::uint16_t i = 0; i < columns; ++i) writer.u16(0);
      writer.end();
      if (format.header) append_copy_header(line, front, format);
    } else {
      ++rows_;
      append_copy_line(line, front, format);
    }
    if (!line.empty()) message().begin('d').raw(line).end();
  }
  flush();
  if (!portal.done) return ask_for_more(portal);
  if (std::exchange(portal.copying, false)) empty_message('c');
  return Outcome::kDone;
}

Session::Outcome Session::ask_for_more(Portal& portal) {
  awaited_ = portal.run;
  out_->push_back(More{*portal.run});
  return Outcome::kWaiting;
}

void Session::drop(Portal& portal) {
  if (!portal.run) return;
  if (awaited_ == portal.run) awaited_.reset();
  flush();
  out_->push_back(Drop{*portal.run});
  portal.run.reset();
}

void Session::drop_portals() {
  for (auto& [name, portal] : portals_) drop(*portal);
  portals_.clear();
  if (script_portal_) drop(*script_portal_);
}

}  // namespace restate::query::pg
