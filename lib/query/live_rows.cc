#include "query/live_rows.h"

#include "query/entry_json.h"
#include "query/row_source.h"

#include "common/hash.h"

namespace restate::query {
namespace {

using Attempt = LiveAttempt;

constexpr Field<Attempt> kAttempt[] = {
    {"retry_count", [](const Attempt& r, Cell c) { c.number(r.retry_count); }},
    {"last_start_at", [](const Attempt& r, Cell c) { c.opt_time(r.last_start_at); }},
    {"next_retry_at", [](const Attempt& r, Cell c) { c.opt_time(r.next_retry_at); }},
    {"last_attempt_deployment_id",
     [](const Attempt& r, Cell c) {
       if (r.deployment) c.text(r.deployment->str());
     }},
    {"last_attempt_server", [](const Attempt& r, Cell c) { c.opt_text(r.server); }},
    {"last_failure",
     [](const Attempt& r, Cell c) {
       if (r.failure) c.text(r.failure->message);
     }},
    {"last_failure_error_code",
     [](const Attempt& r, Cell c) {
       if (r.failure && !r.failure->error_code.empty()) c.text(r.failure->error_code);
     }},
    {"last_failure_related_command_index",
     [](const Attempt& r, Cell c) {
       if (r.failure) c.opt_number(r.failure->command_index);
     }},
    {"last_failure_related_command_name",
     [](const Attempt& r, Cell c) {
       if (r.failure) c.opt_text(r.failure->command_name);
     }},
    {"last_failure_related_command_type",
     [](const Attempt& r, Cell c) {
       if (r.failure) c.opt_text(r.failure->command_type);
     }},
    {"last_awaiting_on_future_json",
     [](const Attempt& r, Cell c) {
       if (r.awaiting_on) c.text(future_json(*r.awaiting_on));
     }},
};

constexpr Field<Attempt> kIdentity[] = {
    {"partition_key", [](const Attempt& r, Cell c) { c.number(r.invocation.key.value); }},
    {"id", [](const Attempt& r, Cell c) { c.text(r.invocation.str()); }},
    {"in_flight", [](const Attempt& r, Cell c) { c.boolean(r.in_flight); }},
};

class LiveRows final : public ListedRows {
 public:
  LiveRows(const Inputs& inputs, Columns columns)
      : identity_(table(TableId::kInvocationState), columns, kIdentity),
        attempt_(table(TableId::kInvocationState), columns, kAttempt) {
    for (const PartitionInput& partition : inputs.partitions) {
      for (const LiveAttempt& attempt : partition.live) rows_.push_back(&attempt);
    }
  }

  std::size_t size() const override { return rows_.size(); }
  void put(std::size_t index, RowSink& sink) const override {
    identity_.put(*rows_[index], sink);
    attempt_.put(*rows_[index], sink);
    sink.end_row();
  }

 private:
  const Projection<LiveAttempt> identity_;
  const Projection<LiveAttempt> attempt_;
  std::vector<const LiveAttempt*> rows_;
};

using Counter = PermitCounter;

constexpr Field<Counter> kCounterFields[] = {
    {"partition_key", [](const Counter& r, Cell c) { c.number(key_of(r.scope).value); }},
    {"scope", [](const Counter& r, Cell c) { c.text(r.scope); }},
    {"l1", [](const Counter& r, Cell c) { c.opt_text(r.level1); }},
    {"l2", [](const Counter& r, Cell c) { c.opt_text(r.level2); }},
    {"level",
     [](const Counter& r, Cell c) {
       c.text(r.level2 ? "Level2" : r.level1 ? "Level1" : "Scope");
     }},
    {"usage", [](const Counter& r, Cell c) { c.number(r.running); }},
    {"concurrency_limit", [](const Counter& r, Cell c) { c.opt_number(r.limit); }},
    {"rule_pattern", [](const Counter& r, Cell c) { c.opt_text(r.rule); }},
    {"available",
     [](const Counter& r, Cell c) {
       if (r.limit) c.number(r.running < *r.limit ? *r.limit - r.running : 0);
     }},
    {"num_waiters", [](const Counter& r, Cell c) { c.number(r.waiting); }},
};

class CounterRows final : public ListedRows {
 public:
  CounterRows(const Inputs& inputs, Columns columns)
      : fields_(table(TableId::kUserLimits), columns, kCounterFields) {
    for (const PartitionInput& partition : inputs.partitions) {
      for (const PermitCounter& counter : partition.permits) rows_.push_back(&counter);
    }
  }

  std::size_t size() const override { return rows_.size(); }
  void put(std::size_t index, RowSink& sink) const override {
    fields_.put(*rows_[index], sink);
    sink.end_row();
  }

 private:
  const Projection<PermitCounter> fields_;
  std::vector<const PermitCounter*> rows_;
};

}  // namespace

std::span<const Field<LiveAttempt>> live_fields() { return kAttempt; }

std::unique_ptr<ListedRows> make_live_rows(const Inputs& inputs, Columns columns) {
  return std::make_unique<LiveRows>(inputs, columns);
}

std::unique_ptr<ListedRows> make_counter_rows(const Inputs& inputs, Columns columns) {
  return std::make_unique<CounterRows>(inputs, columns);
}

}  // namespace restate::query
