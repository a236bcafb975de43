#include "query/entry_json.h"
#include "query/fields.h"
#include "query/glance.h"
#include "query/live_rows.h"
#include "query/row_source.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "partition/visible_status.h"
#include "wire/span.h"

#include <restate/assert.h>

#include <algorithm>

namespace restate::query {
namespace {

using partition::InvocationStatus;
using partition::Status;
using wire::Source;

/// A row of `sys_invocation` and `sys_invocation_status`. Only what the header has is set if that
/// is enough.
struct InvocationRow {
  const InvocationId& id;
  const InvocationStatus& status;
  const LiveAttempt* live;
  bool derived;  ///< `sys_invocation` tells what an invoked one is doing
};

std::string_view status_word(const InvocationRow& row) {
  if (!row.derived) return partition::to_string(row.status.status);
  std::optional<partition::AttemptView> attempt;
  if (row.live != nullptr) attempt = {row.live->in_flight, row.live->retry_count};
  return partition::visible_status(row.status.status, attempt);
}

std::string_view type_word(wire::ServiceType type) {
  switch (type) {
    case wire::ServiceType::kService:
      return "service";
    case wire::ServiceType::kVirtualObject:
      return "virtual_object";
    case wire::ServiceType::kWorkflow:
      return "workflow";
  }
  RESTATE_UNREACHABLE();
}

std::string_view source_word(Source::Kind kind) {
  switch (kind) {
    case Source::Kind::kInternal:
      return "restate";
    case Source::Kind::kIngress:
      return "ingress";
    case Source::Kind::kSubscription:
      return "subscription";
    case Source::Kind::kService:
      return "service";
    case Source::Kind::kRestartAsNew:
      return "restart_as_new";
  }
  RESTATE_UNREACHABLE();
}

/// Before its first start an invocation has no journal to speak of.
bool has_journal(const InvocationStatus& status) {
  return status.status != Status::kScheduled && status.status != Status::kInboxed;
}

/// Leaves of one kind, anywhere in the tree.
template <class Id>
void collect(const wire::AwaitTree& tree, std::vector<std::uint32_t>& found) {
  for (const auto& leaf : tree.leaves) {
    if (const auto* id = std::get_if<Id>(&leaf)) found.push_back(id->value);
  }
  for (const auto& node : tree.nested) collect<Id>(node, found);
}

template <class Id>
void put_awaited(const InvocationRow& row, Cell cell) {
  if (row.status.status != Status::kSuspended) return;
  std::vector<std::uint32_t> found;
  collect<Id>(row.status.awaiting, found);
  cell.numbers(found);
}

using Invocation = InvocationRow;

constexpr Field<Invocation> kInvocationFields[] = {
    {"partition_key", [](const Invocation& r, Cell c) { c.number(r.id.key.value); }},
    {"id", [](const Invocation& r, Cell c) { c.text(r.id.str()); }},
    {"status", [](const Invocation& r, Cell c) { c.text(status_word(r)); }},
    {"completion_result",
     [](const Invocation& r, Cell c) {
       if (!r.status.result) return;
       c.text(std::holds_alternative<Bytes>(*r.status.result) ? "success" : "failure");
     }},
    {"completion_failure",
     [](const Invocation& r, Cell c) {
       if (!r.status.result) return;
       const auto* failure = std::get_if<wire::Failure>(&*r.status.result);
       if (failure != nullptr) c.text(failure_text(*failure));
     }},
    {"target", [](const Invocation& r, Cell c) { c.text(r.status.target.str()); }},
    {"target_service_name", [](const Invocation& r, Cell c) { c.text(r.status.target.service); }},
    {"target_service_key",
     [](const Invocation& r, Cell c) {
       if (r.status.target.keyed()) c.text(r.status.target.key);
     }},
    {"target_handler_name", [](const Invocation& r, Cell c) { c.text(r.status.target.handler); }},
    {"target_service_ty",
     [](const Invocation& r, Cell c) { c.text(type_word(r.status.target.type)); }},
    {"scope", [](const Invocation& r, Cell c) { c.opt_text(r.status.target.scope); }},
    {"limit_key",
     [](const Invocation& r, Cell c) {
       if (!r.status.limit_key.empty()) c.text(r.status.limit_key);
     }},
    {"idempotency_key", [](const Invocation& r, Cell c) { c.opt_text(r.status.idempotency_key); }},
    {"invoked_by", [](const Invocation& r, Cell c) { c.text(source_word(r.status.source.kind)); }},
    {"invoked_by_id",
     [](const Invocation& r, Cell c) {
       const Source& source = r.status.source;
       if (source.kind == Source::Kind::kService && source.invocation) {
         c.text(source.invocation->str());
       }
     }},
    {"invoked_by_subscription_id",
     [](const Invocation& r, Cell c) {
       const Source& source = r.status.source;
       if (source.kind == Source::Kind::kSubscription) c.text(source.subscription);
     }},
    {"invoked_by_service_name",
     [](const Invocation& r, Cell c) {
       if (r.status.source.target) c.text(r.status.source.target->service);
     }},
    {"invoked_by_target",
     [](const Invocation& r, Cell c) {
       if (r.status.source.target) c.text(r.status.source.target->str());
     }},
    {"restarted_from",
     [](const Invocation& r, Cell c) {
       const Source& source = r.status.source;
       if (source.kind == Source::Kind::kRestartAsNew && source.invocation) {
         c.text(source.invocation->str());
       }
     }},
    {"pinned_deployment_id",
     [](const Invocation& r, Cell c) {
       if (r.status.pinned) c.text(r.status.pinned->id.str());
     }},
    {"pinned_service_protocol_version",
     [](const Invocation& r, Cell c) {
       if (r.status.pinned) c.number(r.status.pinned->protocol);
     }},
    {"trace_id",
     [](const Invocation& r, Cell c) {
       const auto context = wire::context_of(r.id, r.status.span);
       if (context && context->sampled) c.text(context->trace.hex());
     }},
    {"journal_size",
     [](const Invocation& r, Cell c) {
       if (has_journal(r.status)) c.number(r.status.journal.length);
     }},
    {"journal_commands_size",
     [](const Invocation& r, Cell c) {
       if (has_journal(r.status)) c.number(r.status.journal.commands);
     }},
    {"created_at", [](const Invocation& r, Cell c) { c.time(r.status.timestamps.created); }},
    {"created_using_restate_version",
     [](const Invocation& r, Cell c) {
       if (!r.status.created_by.empty()) c.text(r.status.created_by);
     }},
    {"modified_at", [](const Invocation& r, Cell c) { c.time(r.status.timestamps.modified); }},
    {"inboxed_at", [](const Invocation& r, Cell c) { c.opt_time(r.status.timestamps.inboxed); }},
    {"scheduled_at",
     [](const Invocation& r, Cell c) { c.opt_time(r.status.timestamps.scheduled); }},
    {"scheduled_start_at",
     [](const Invocation& r, Cell c) { c.opt_time(r.status.execution_time); }},
    {"running_at", [](const Invocation& r, Cell c) { c.opt_time(r.status.timestamps.running); }},
    {"completed_at",
     [](const Invocation& r, Cell c) { c.opt_time(r.status.timestamps.completed); }},
    {"completion_retention",
     [](const Invocation& r, Cell c) { c.duration(r.status.retention.completion_ms); }},
    {"journal_retention",
     [](const Invocation& r, Cell c) { c.duration(r.status.retention.journal_ms); }},
    {"suspended_waiting_for_completions", put_awaited<wire::CompletionId>},
    {"suspended_waiting_for_signals", put_awaited<wire::SignalIndex>},
    {"suspended_waiting_future_json",
     [](const Invocation& r, Cell c) {
       if (r.status.status == Status::kSuspended) c.text(future_json(r.status.awaiting));
     }},
};

/// What the header of a row tells; scans that ask for nothing else do not decode the rest.
bool is_in_header(std::string_view name) {
  return name == "partition_key" || name == "id" || name == "status" || name == "created_at" ||
         name == "modified_at" || name == "journal_size" || name == "completion_retention" ||
         name == "journal_retention";
}

/// What a part of a scan keeps from row to row.
struct PartMemo final : StoredRows::Memo {
  /// The first ones so far, where the first are enough; the last of them is in front.
  std::vector<std::uint64_t> times;
  /// Of the row at hand: to make one takes longer than to fill its few members.
  InvocationStatus status;
};

class InvocationRows final : public StoredRows {
 public:
  InvocationRows(const Table& table, Columns columns, const std::vector<Filter>& filters,
                 const std::optional<Top>& top)
      : derived_(table.id == TableId::kInvocation),
        glance_(table, filters),
        top_(top),
        top_by_creation_(top && table.columns[top->column].name == "created_at"),
        fields_(table, columns, kInvocationFields),
        live_fields_(table, columns, live_fields()),
        header_is_enough_(fields_.all(is_in_header)),
        only_counted_(columns.empty()) {}

  std::string_view tag() const override { return partition::keys::kStatus; }

  Outcome put(const PartitionInput& partition, std::string_view key, std::string_view value,
              RowSink& sink, Memo* memo) const override {
    if (!glance_.may_fit(value)) return Outcome::kNoRow;
    PartMemo& at = static_cast<PartMemo&>(*memo);
    if (top_ && !is_among_first(value, at)) return Outcome::kNoRow;
    if (!decode(value, at.status)) return Outcome::kCorrupt;
    if (only_counted_) {
      sink.end_row();
      return Outcome::kRow;
    }
    const auto id = partition::keys::decode_status(key);
    if (!id) return Outcome::kCorrupt;
    const LiveAttempt* live = derived_ ? partition.find_live(*id) : nullptr;
    fields_.put({*id, at.status, live, derived_}, sink);
    if (live != nullptr) live_fields_.put(*live, sink);
    sink.end_row();
    return Outcome::kRow;
  }

  std::unique_ptr<Memo> make_memo() const override {
    return std::make_unique<PartMemo>();
  }

 private:
  /// False: enough rows of this part come before it. Ties pass.
  bool is_among_first(std::string_view value, PartMemo& memo) const {
    const auto header = partition::rows::decode_status_header(value);
    if (!header) return true;  // somebody has to say so
    const std::uint64_t time = (top_by_creation_ ? header->created : header->modified).ms;
    const auto before = [this](std::uint64_t a, std::uint64_t b) {
      return top_->descending ? a > b : a < b;
    };
    auto& times = memo.times;
    if (times.size() < top_->rows) {
      times.push_back(time);
      std::push_heap(times.begin(), times.end(), before);
      return true;
    }
    if (before(times.front(), time)) return false;
    if (before(time, times.front())) {
      std::pop_heap(times.begin(), times.end(), before);
      times.back() = time;
      std::push_heap(times.begin(), times.end(), before);
    }
    return true;
  }

  /// Fills what is needed of it; the rest is as it was made. False: it is no row.
  bool decode(std::string_view value, InvocationStatus& status) const {
    if (!header_is_enough_) {
      auto decoded = partition::rows::decode_status(Bytes::literal(value));
      if (decoded) status = *std::move(decoded);
      return decoded.has_value();
    }
    const auto header = partition::rows::decode_status_header(value);
    if (!header) return false;
    status.status = header->status;
    status.journal.length = header->journal_length;
    status.timestamps.created = header->created;
    status.timestamps.modified = header->modified;
    status.retention = header->retention;
    return true;
  }

  const bool derived_;
  const Glance glance_;
  const std::optional<Top> top_;
  const bool top_by_creation_;
  const Projection<InvocationRow> fields_;
  const Projection<LiveAttempt> live_fields_;
  const bool header_is_enough_;
  const bool only_counted_;
};

}  // namespace

std::unique_ptr<StoredRows> make_invocation_rows(const Table& table, Columns columns,
                                                 const std::vector<Filter>& filters,
                                                 const std::optional<Top>& top) {
  return std::make_unique<InvocationRows>(table, columns, filters, top);
}

}  // namespace restate::query
