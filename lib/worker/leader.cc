#include "worker/leader.h"

#include "common/hash.h"
#include "common/version.h"
#include "partition/tables.h"
#include "worker/router.h"
#include "worker/spans.h"

#include <restate/log.h>
#include <restate/testing/mutation.h>

namespace restate::worker {
namespace {

using partition::InvocationStatus;
using partition::Status;

/// Effects after which the attempt is over.
bool ends_attempt(const wire::Effect& effect) {
  return !std::holds_alternative<wire::Pinned>(effect) &&
         !std::holds_alternative<wire::NewEntry>(effect) &&
         !std::holds_alternative<wire::NewEvent>(effect);
}

/// What a repeated request is told without a record of its own: a kept result changes no more.
std::optional<InvokeReply> kept_result(const InvocationId& invocation,
                                       const InvocationStatus& status) {
  if (status.status != Status::kCompleted || !status.result) return std::nullopt;
  InvokeReply reply;
  reply.invocation = invocation;
  reply.completion_expiry = status.completion_expiry();
  reply.result = *status.result;
  return reply;
}

}  // namespace

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

void Leader::start_attempt(partition::InvokeAction action) {
  const std::uint32_t token = next_token_++;
  attempts_[action.invocation] = {token, action.incarnation};
  invoker_.invoke(action.invocation, token, action.target, std::move(action.journal),
                  action.queued);
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
    void operator()(const partition::QueueMoved& a) { self.on_queue(a); }
    void operator()(const partition::QueueRefused& a) { self.on_queue(a); }
    void operator()(const partition::QueuePaused& a) { self.on_queue(a); }
    void operator()(const partition::InvocationStarted& a) { trace(self.context_.traces, a); }
    void operator()(const partition::InvocationEnded& a) { trace(self.context_.traces, a); }
  };
  std::visit(Visitor{*this}, action);
}

void Leader::on_room() {
  timers_.resume();
  cleaner_.resume();
  schedule_decisions();
}

// --- The invoker's host --------------------------------------------------------------------------

Result<void> Leader::on_effect(const InvocationId& invocation, std::uint32_t token,
                               wire::Effect effect) {
  const auto current = attempts_.find(invocation);
  if (current == attempts_.end() || current->second.token != token) return {};  // it is fenced
  wire::Incarnation incarnation = current->second.incarnation;
  if (RESTATE_MUTATION("worker/effects-of-another-life")) ++incarnation.lsn;
  const bool last = ends_attempt(effect);
  RESTATE_TRY_VOID(processor_.proposer().try_propose(
      wire::InvokerEffect{invocation, std::move(effect), incarnation}));
  if (last) attempts_.erase(current);
  return {};
}

Result<invoker::InvocationInput> Leader::read_invocation(const InvocationId& invocation) {
  RESTATE_TRY(const auto status, processor_.machine().tables().find_invocation(invocation));
  if (!status) return Error{Code::kNotFound, "no invocation " + invocation.str()};
  if (status->status != Status::kInvoked) {
    return Error{Code::kFailedPrecondition,
                 invocation.str() + " is " + std::string(to_string(status->status))};
  }
  invoker::InvocationInput input;
  input.target = status->target;
  input.pinned = status->pinned;
  input.journal_length = status->journal.length;
  input.created_at = status->timestamps.created;
  input.modified_at = status->timestamps.modified;
  input.random_seed = status->random_seed.value_or(seed_of(invocation));
  input.span = status->span;
  input.limit_key = status->limit_key;
  input.idempotency_key = status->idempotency_key;
  return input;
}

Result<std::vector<wire::JournalEntry>> Leader::read_journal(const InvocationId& invocation,
                                                             std::uint32_t from, std::uint32_t to,
                                                             std::size_t max_bytes) {
  std::vector<wire::JournalEntry> entries;
  std::size_t bytes = 0;
  RESTATE_TRY_VOID(processor_.machine().tables().scan_journal(
      invocation, from, to, [&](std::uint32_t, wire::JournalEntry&& entry) {
        bytes += entry.body.size();
        if (!entries.empty() && bytes > max_bytes) return false;
        entries.push_back(std::move(entry));
        return true;
      }));
  return entries;
}

Result<invoker::StateInput> Leader::read_state(const wire::InvocationTarget& target,
                                               PartitionKey key, std::size_t max_bytes) {
  invoker::StateInput state;
  std::size_t bytes = 0;
  RESTATE_TRY_VOID(processor_.machine().tables().scan_state(
      {key, target}, [&](std::string_view name, Bytes&& value) {
        bytes += name.size() + value.size();
        if (bytes > max_bytes) {
          state.partial = true;
          return false;
        }
        state.entries.emplace_back(Bytes(name), std::move(value));
        return true;
      }));
  return state;
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

// --- Requests ------------------------------------------------------------------------------------

void Leader::invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
                    Completion<InvokeReply> done, Function<void()> stored) {
  if (processor_.proposer().full()) return done(log_is_behind());
  const InvocationId id = invocation.id;
  if (invocation.created_by.empty()) invocation.created_by = std::string(kVersion);
  if (invocation.source.kind == wire::Source::Kind::kInternal) {
    invocation.source.kind = wire::Source::Kind::kIngress;
    invocation.source.request = request;
  }
  switch (wait) {
    case WaitFor::kAppended: {
      append(wire::Invoke{std::move(invocation)},
             Completion<void>(context_.shard,
                              [id, done = std::move(done)](Result<void> appended) mutable {
                                if (!appended) return done(std::move(appended).error());
                                InvokeReply reply;
                                reply.invocation = id;
                                done(std::move(reply));
                              }));
      return;
    }
    case WaitFor::kSubmitted:
      invocation.submit_notification = request;
      requests_.wait_submitted(request, id, std::move(done));
      break;
    case WaitFor::kOutput:
      if (invocation.idempotency_key && !invocation.target.workflow_run()) {
        const auto known = processor_.machine().tables().find_invocation(id);
        if (!known) return done(Error(known.error()));
        if (*known) {
          if (auto kept = kept_result(id, **known)) return done(std::move(*kept));
          // It is under way. Whoever asks again and again must not leave a sink each time.
          if (requests_.join_output(request, id, done)) return;
          invocation.response_sink = wire::IngressSink{request};
          requests_.share_output(request, id, std::move(done));
          break;
        }
      }
      invocation.response_sink = wire::IngressSink{request};
      requests_.wait_output(request, id, std::move(done));
      break;
  }
  Completion<void> durable;
  if (stored) {
    durable = Completion<void>(context_.shard,
                               [stored = std::move(stored)](Result<void> appended) mutable {
                                 if (appended) stored();
                               });
  }
  const auto proposed =
      processor_.proposer().try_propose(wire::Invoke{std::move(invocation)}, std::move(durable));
  if (!proposed) requests_.refuse(request, proposed.error());
}

void Leader::append(wire::Command command, Completion<void> done) {
  if (processor_.proposer().full()) return done(log_is_behind());
  processor_.proposer().append({wire::NoDedup{}, std::move(command)}, std::move(done));
}

void Leader::output(InvocationId invocation, RequestId request, bool block,
                    Completion<OutputReply> done) {
  auto status = processor_.machine().tables().find_invocation(invocation);
  if (!status) return done(std::move(status).error());
  OutputReply reply;
  reply.invocation = invocation;
  if (!*status) {
    reply.kind = OutputReply::Kind::kNotFound;
    return done(std::move(reply));
  }
  if ((*status)->status == Status::kCompleted) {
    reply.kind = OutputReply::Kind::kReady;
    reply.completion_expiry = (*status)->completion_expiry();
    if ((*status)->result) reply.result = *(*status)->result;
    reply.target = (*status)->target;
    return done(std::move(reply));
  }
  if (!block) {
    reply.kind = OutputReply::Kind::kNotReady;
    return done(std::move(reply));
  }
  if (requests_.join_attached(request, invocation, (*status)->target, done)) return;
  if (processor_.proposer().full()) return done(log_is_behind());
  requests_.share_attached(request, invocation, (*status)->target, std::move(done));
  processor_.proposer().propose(wire::Attach{invocation, true, wire::IngressSink{request}});
}

void Leader::operate(RequestId request, wire::Command command, Completion<OperationReply> done) {
  if (processor_.proposer().full()) return done(log_is_behind());
  requests_.wait_operation(request, std::move(done));
  processor_.proposer().propose(std::move(command));
}

}  // namespace restate::worker
