#include "query/glance.h"

#include "partition/row_glance.h"
#include "partition/rows.h"

#include <algorithm>

namespace restate::query {
namespace {

using partition::Status;

constexpr std::uint32_t bit(Status status) { return 1u << static_cast<unsigned>(status); }

constexpr Status kStatuses[] = {Status::kScheduled, Status::kInboxed, Status::kInvoked,
                                Status::kSuspended, Status::kPaused,  Status::kCompleted};

/// The stored statuses that a row with this word can have. Zero: none has it.
std::uint32_t statuses_of(std::string_view word, bool derived) {
  if (derived) {
    if (word == "pending") return bit(Status::kInboxed);
    if (word == "ready" || word == "running" || word == "backing-off") return bit(Status::kInvoked);
    if (word == "inboxed" || word == "invoked") return 0;
  }
  for (const Status status : kStatuses) {
    if (word == partition::to_string(status)) return bit(status);
  }
  return 0;
}

/// Whether all rows with that stored status have this one word.
bool is_whole(std::string_view word, bool derived) {
  return !derived || (word != "ready" && word != "running" && word != "backing-off");
}

}  // namespace

void Glance::Range::narrow(const Filter& filter) {
  if (filter.least) least = std::max(least, *filter.least);
  if (filter.most) most = std::min(most, *filter.most);
}

bool Glance::Range::has(std::uint64_t ms) const {
  // Times that no microseconds can tell are later than any that can.
  const std::int64_t micros = ms > static_cast<std::uint64_t>(INT64_MAX / 1000)
                                  ? INT64_MAX
                                  : static_cast<std::int64_t>(ms) * 1000;
  return micros >= least && micros <= most;
}

Glance::Glance(const Table& table, const std::vector<Filter>& filters) {
  const bool derived = table.id == TableId::kInvocation;
  for (const Filter& filter : filters) {
    const std::string_view name = table.columns[filter.column].name;
    if (filter.is_null) continue;
    if (name == "status") {
      std::uint32_t named = 0;
      for (const std::string& word : filter.texts) {
        if (!filter.negated || is_whole(word, derived)) named |= statuses_of(word, derived);
      }
      statuses_ &= filter.negated ? ~named : named;
    } else if (name == "created_at") {
      created_.narrow(filter);
    } else if (name == "modified_at") {
      modified_.narrow(filter);
    } else if (name == "target_service_name" && filter.names_values() && !services_) {
      services_ = filter.texts;
    } else {
      continue;
    }
    nothing_asked_ = false;
  }
}

bool Glance::is_exact(const Table& table, const Filter& filter) {
  const std::string_view name = table.columns[filter.column].name;
  if (name == "created_at" || name == "modified_at") return filter.least || filter.most;
  if (filter.is_null || filter.least || filter.most || filter.texts.empty()) return false;
  if (name == "target_service_name") return !filter.negated;
  return name == "status" &&
         std::all_of(filter.texts.begin(), filter.texts.end(), [&](const std::string& word) {
           return is_whole(word, table.id == TableId::kInvocation);
         });
}

bool Glance::may_fit(std::string_view value) const {
  if (nothing_asked_) return true;
  const auto header = partition::rows::decode_status_header(value);
  if (!header) return true;
  if ((statuses_ & bit(header->status)) == 0) return false;
  if (!created_.has(header->created.ms) || !modified_.has(header->modified.ms)) return false;
  if (!services_) return true;
  const auto service = partition::rows::decode_status_service(value);
  return !service || std::find(services_->begin(), services_->end(), *service) != services_->end();
}

}  // namespace restate::query
