#include "worker/leader.h"

#include "partition/tables.h"
#include "worker/router.h"
#include "worker/spans.h"

#include <restate/log.h>
#include <restate/testing/mutation.h>

namespace restate::worker {

Leader::Leader(PartitionProcessor& processor, LeaderEpoch epoch)
    : processor_(processor),
      context_(processor.context()),
      epoch_(epoch),
      invoker_(context_.shard, context_.deployments, context_.options.invoker, context_.limits,
               *this, {&processor.metrics().invoker, context_.traces}),
      timers_(
          context_.shard,
          [this](const std::optional<wire::TimerKey>& after, std::size_t limit) {
            return load_timers(after, limit);
          },
          [this](const DueTimer& due) {
            if (processor_.proposer().full()) return false;
            processor_.proposer().propose(wire::TimerFired{due.key, due.incarnation});
            return true;
          },
          context_.options.loaded_timers),
      shuffle_(
          context_.shard,
          [this](std::uint64_t from, std::size_t rows, std::size_t bytes) {
            return read_outbox(from, rows, bytes);
          },
          [this](const wire::OutboxMessage& message) {
            return processor_.router().find(wire::destination(message)).partition;
          },
          [this](PartitionId destination, std::vector<OutboxRow> messages, Completion<void> done) {
            send(destination, std::move(messages), std::move(done));
          },
          [this](std::uint64_t upto) { processor_.proposer().propose(wire::TruncateOutbox{upto}); },
          context_.options.outbox_bytes),
      cleaner_(context_.shard, processor.space(), processor.id(), processor.description().keys,
               context_.options.cleanup_interval, [this](wire::Command& command) {
                 if (processor_.proposer().full()) return false;
                 processor_.proposer().propose(std::move(command));
                 return true;
               }),
      start_scan_(
          context_.shard, processor.space(), processor.id(), processor.description().keys,
          [this](StartScan::Found&& found) {
            start_attempt({found.invocation, found.target, {}, found.incarnation});
          },
          [this](const Error& error) { processor_.fail(error); }),
      scheduler_([this](const wire::QueueId& queue, bool fresh,
                        const std::optional<wire::QueuePlace>& after, std::size_t limit) {
        return load_waiters(queue, fresh, after, limit);
      }),
      queue_scan_(context_.shard, processor.space(), processor.id(), processor.description().keys,
                  scheduler_, queue_scan_host()),
      scheduler_alarm_(context_.shard.make_timer([this] { decide(); })) {}

Leader::~Leader() = default;

Result<void> Leader::begin() {
  if (!RESTATE_MUTATION("worker/attempts-not-restarted")) start_scan_.start();
  RESTATE_TRY_VOID(begin_queues());
  if (!RESTATE_MUTATION("worker/timers-not-loaded")) timers_.start();
  RESTATE_TRY(const std::uint64_t head, processor_.machine().tables().outbox_head());
  shuffle_.start(head);
  cleaner_.start();
  RESTATE_TRY(const auto stored, processor_.machine().tables().schema());
  if (stored) proposed_schema_ = stored->version;
  if (context_.registry != nullptr) {
    propose_schema(*context_.registry->current());
    registry_watch_ = context_.registry->watch(
        [this](const schema::SchemaPtr& changed) { propose_schema(*changed); });
  }
  return begin_rules();
}

Result<void> Leader::begin_rules() {
  const partition::Tables& tables = processor_.machine().tables();
  RESTATE_TRY(const auto stored, tables.rule_book());
  if (stored) {
    on_rules(stored->version, stored->book);
    proposed_rules_ = stored->version;
  }
  // Without the feature nothing is counted, and an older program could not read the record.
  RESTATE_TRY(const partition::Features features, tables.features());
  if (context_.rules == nullptr || !features.vqueues()) return {};
  propose_rules(*context_.rules->current());
  rules_watch_ = context_.rules->watch(
      [this](const schema::RuleBookPtr& changed) { propose_rules(*changed); });
  return {};
}

void Leader::run(partition::Action& action) {
  processor_.metrics().actions[metric_name(action)].add();
  struct Visitor {
    Leader& self;
    void operator()(partition::InvokeAction& a) {
      self.start_scan_.overtaken(a.invocation);
      self.start_attempt(std::move(a));
    }
    void operator()(const partition::AbortInvocation& a) {
      self.start_scan_.overtaken(a.invocation);
      self.attempts_.erase(a.invocation);
      self.invoker_.abort(a.invocation);
    }
    void operator()(const partition::AckStoredCommand& a) {
      self.invoker_.ack_command(a.invocation, a.command_index, a.requested);
    }
    void operator()(const partition::ForwardNotification& a) {
      self.invoker_.notify(a.invocation, a.index, a.type, a.id, a.body);
    }
    void operator()(const partition::NewOutboxMessage& a) {
      self.shuffle_.on_message(a.sequence, a.message);
    }
    void operator()(const partition::RegisterTimer& a) {
      self.timers_.add({a.key, a.incarnation});
    }
    void operator()(const partition::DeleteTimer& a) { self.timers_.erase(a.key); }
    void operator()(const partition::IngressResponse& a) { self.requests_.on(a); }
    void operator()(const partition::SubmitNotification& a) { self.requests_.on(a); }
    void operator()(const partition::OperationResponse& a) { self.requests_.on(a); }
    // One node looks at the registry itself; what the log holds is for those that come later.
    void operator()(const partition::SchemaChanged&) {}
    void operator()(const partition::RulesChanged& a) { self.on_rules(a.version, a.book); }
    void operator()(const partition::QueueMoved& a) {
      self.queue_scan_.on(a);
      self.schedule_decisions();
    }
    void operator()(const partition::QueueRefused& a) {
      self.scheduler_.on(a);
      self.schedule_decisions();
    }
    void operator()(const partition::QueuePaused& a) {
      self.queue_scan_.on(a);
      self.schedule_decisions();
    }
    void operator()(const partition::InvocationStarted& a) { trace(self.context_.traces, a); }
    void operator()(const partition::InvocationEnded& a) { trace(self.context_.traces, a); }
  };
  std::visit(Visitor{*this}, action);
}

void Leader::on_room() {
  timers_.resume();
  cleaner_.resume();
  queue_scan_.resume();
  schedule_decisions();
}

// --- Timers and outbox ---------------------------------------------------------------------------

std::vector<DueTimer> Leader::load_timers(const std::optional<wire::TimerKey>& after,
                                          std::size_t limit) {
  std::vector<DueTimer> timers;
  const auto scanned = processor_.machine().tables().scan_timers(
      after, [&](partition::TimerRow&& row) {
        if (after && row.key == *after) return true;
        timers.push_back({row.key, row.incarnation});
        return timers.size() < limit;
      });
  if (!scanned) processor_.fail(scanned.error());
  return timers;
}

std::vector<OutboxRow> Leader::read_outbox(std::uint64_t from, std::size_t rows,
                                           std::size_t bytes) {
  std::vector<OutboxRow> found;
  std::size_t weight = 0;
  const auto scanned = processor_.machine().tables().scan_outbox(
      from, [&](std::uint64_t sequence, wire::OutboxMessage&& message) {
        weight += Shuffle::weight(message);
        found.push_back({sequence, std::move(message)});
        return found.size() < rows && weight < bytes;
      });
  if (!scanned) processor_.fail(scanned.error());
  return found;
}

void Leader::propose_schema(const schema::Schema& schema) {
  if (schema.version <= proposed_schema_) return;
  proposed_schema_ = schema.version;
  processor_.proposer().propose(wire::UpsertSchema{schema.version, schema::encode(schema)});
}

void Leader::propose_rules(const schema::RuleBook& book) {
  if (book.version <= proposed_rules_ || RESTATE_MUTATION("worker/rules-not-proposed")) return;
  proposed_rules_ = book.version;
  processor_.proposer().propose(wire::UpsertRuleBook{book.version, schema::encode(book)});
}

void Leader::on_rules(std::uint64_t version, const Bytes& book) {
  auto decoded = schema::decode_rule_book(book.view());
  if (!decoded) {
    // The limits we have still work; a newer server may have written what we cannot read.
    context_.shard.log().error("worker", "the rule book of the log cannot be read",
                               {{"partition", processor_.id().value},
                                {"version", version},
                                {"error", decoded.error().describe()}});
    return;
  }
  rules_ = schema::snapshot(std::move(*decoded));
  scheduler_.set_rules(rules_);
  schedule_decisions();
}

void Leader::send(PartitionId destination, std::vector<OutboxRow> messages, Completion<void> done) {
  std::vector<wire::Envelope> envelopes;
  envelopes.reserve(messages.size());
  processor_.metrics().shuffled.add(messages.size());
  for (OutboxRow& row : messages) {
    wire::Envelope& envelope = envelopes.emplace_back();
    envelope.dedup = wire::PartitionDedup{processor_.id(), row.sequence};
    std::visit([&](auto& command) { envelope.command = std::move(command); }, row.message);
  }
  processor_.router().deliver(context_.shard, destination, std::move(envelopes), std::move(done));
}

}  // namespace restate::worker
