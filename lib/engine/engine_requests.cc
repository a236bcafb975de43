#include "common/hash.h"
#include "common/utf8.h"
#include "engine/asking.h"
#include "engine/engine_impl.h"
#include "ingress/identity.h"
#include "partition/tables.h"

#include <algorithm>
#include <set>
#include <utility>

namespace restate {
namespace {

using partition::OperationOutcome;

Result<Bytes> settle(wire::InvocationResult result) {
  if (auto* value = std::get_if<Bytes>(&result)) return std::move(*value);
  wire::Failure& failure = std::get<wire::Failure>(result);
  return Error{Code::kTerminal, std::move(failure.message), failure.code,
               std::move(failure.metadata)};
}

/// Signals, ends and questions: the same ids make another try safe.
constexpr bool kRepeatable = true;

Result<void> settle(const InvocationId& invocation, const worker::OperationReply& reply) {
  switch (reply.outcome) {
    case OperationOutcome::kNotFound:
      return Error{Code::kNotFound, "ending " + invocation.str() + ": no such invocation"};
    case OperationOutcome::kAlreadyCompleted:
    case OperationOutcome::kCompleted:
      return Error{Code::kFailedPrecondition, "ending " + invocation.str() + ": it has ended"};
    case OperationOutcome::kOk:
    case OperationOutcome::kDone:
    case OperationOutcome::kAppended:
    case OperationOutcome::kAccepted:
    case OperationOutcome::kNotCompleted:
    case OperationOutcome::kNotStarted:
    case OperationOutcome::kStillRunning:
    case OperationOutcome::kNotRunning:
    case OperationOutcome::kAlreadyPaused:
    case OperationOutcome::kCannotChangeDeployment:
    case OperationOutcome::kJournalIndexOutOfRange:
    case OperationOutcome::kMissingInput:
      return {};
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

// --- Invocations ------------------------------------------------------------------------------------

Reply<Bytes> Engine::Impl::call(std::string service, std::string handler, Bytes argument,
                                RequestOptions options) {
  if (options.delay) {
    return answered<Bytes>(Error{Code::kInvalidArgument, "a call has no delay; send it"});
  }
  return ask<Bytes>([this, service = std::move(service), handler = std::move(handler),
                     argument = std::move(argument),
                     options = std::move(options)](Completion<Bytes> done) mutable {
    invoke(std::move(service), std::move(handler), std::move(argument), std::move(options),
           worker::WaitFor::kOutput,
           Completion<worker::InvokeReply>(
               home(), [done = std::move(done)](Result<worker::InvokeReply> reply) mutable {
                 if (!reply) return done(std::move(reply).error());
                 done(settle(std::move(reply->result)));
               }));
  });
}

Reply<std::string> Engine::Impl::send(std::string service, std::string handler, Bytes argument,
                                      RequestOptions options) {
  return ask<std::string>([this, service = std::move(service), handler = std::move(handler),
                           argument = std::move(argument),
                           options = std::move(options)](Completion<std::string> done) mutable {
    invoke(std::move(service), std::move(handler), std::move(argument), std::move(options),
           worker::WaitFor::kSubmitted,
           Completion<worker::InvokeReply>(
               home(), [done = std::move(done)](Result<worker::InvokeReply> reply) mutable {
                 if (!reply) return done(std::move(reply).error());
                 done(reply->invocation.str());
               }));
  });
}

void Engine::Impl::invoke(std::string service, std::string handler, Bytes argument,
                          RequestOptions options, worker::WaitFor wait,
                          Completion<worker::InvokeReply> done) {
  auto invocation = make_invocation(service, handler, argument, options);
  if (invocation == Code::kNotFound && offers_ > 0) {
    // What is on its way to the registry may be just this.
    waiting_for_offer_.push_back([this, service = std::move(service), handler = std::move(handler),
                                  argument = std::move(argument), options = std::move(options), wait,
                                  done = std::move(done)]() mutable {
      invoke(std::move(service), std::move(handler), std::move(argument), std::move(options), wait,
             std::move(done));
    });
    return;
  }
  if (!invocation) return done(std::move(invocation).error());
  const RequestId request{ingress::fresh_ulid(home())};
  const bool repeatable = ingress::is_repeatable(*invocation);
  again<worker::InvokeReply>(
      repeatable,
      [this, invocation = *std::move(invocation), request,
       wait](Completion<worker::InvokeReply> reply) {
        node_->client(home()).invoke(invocation, request, wait, std::move(reply));
      },
      std::move(done));
}

Result<wire::ServiceInvocation> Engine::Impl::make_invocation(const std::string& service,
                                                              const std::string& handler,
                                                              Bytes& argument,
                                                              RequestOptions& options) {
  if (!is_utf8(options.key) || (options.idempotency_key && !is_utf8(*options.idempotency_key))) {
    return Error{Code::kInvalidArgument, "a key must be UTF-8"};
  }
  if (argument.size() > config_.request_size_limit) {
    return Error{Code::kInvalidArgument,
                 "an argument of " + std::to_string(argument.size()) +
                     " bytes is more than the engine's memory allows, which is " +
                     std::to_string(config_.request_size_limit)};
  }
  const schema::SchemaPtr schema = node_->schema(home());
  wire::ServiceInvocation invocation;
  RESTATE_TRY(invocation.target,
              schema::resolve_target(*schema, service, options.key, handler, std::nullopt));
  invocation.id = ingress::identify(home(), invocation.target, options.idempotency_key, true);
  invocation.argument = std::move(argument);
  invocation.retention = schema::retention_of(*schema, config_.defaults, invocation.target,
                                              options.idempotency_key.has_value());
  invocation.idempotency_key = std::move(options.idempotency_key);
  for (auto& [name, value] : options.headers) {
    invocation.headers.push_back({std::move(name), std::move(value)});
  }
  if (options.delay) {
    const auto delay = std::max<milliseconds::rep>(options.delay->count(), 0);
    invocation.execution_time = home().wall_now().plus(static_cast<std::uint64_t>(delay));
  }
  return invocation;
}

Reply<Bytes> Engine::Impl::attach(std::string_view id) {
  auto parsed = InvocationId::parse(id);
  if (!parsed) return answered<Bytes>(std::move(parsed).error());
  return ask<Bytes>([this, invocation = *parsed](Completion<Bytes> done) {
    const RequestId request{ingress::fresh_ulid(home())};
    again<worker::OutputReply>(
        kRepeatable,
        [this, invocation, request](Completion<worker::OutputReply> reply) {
          node_->client(home()).output(invocation, request, true, std::move(reply));
        },
        Completion<worker::OutputReply>(
            home(), [done = std::move(done)](Result<worker::OutputReply> reply) mutable {
              if (!reply) return done(std::move(reply).error());
              if (reply->kind == worker::OutputReply::Kind::kNotFound) {
                return done(Error{Code::kNotFound, "no such invocation"});
              }
              done(settle(std::move(reply->result)));
            }));
  });
}

Reply<void> Engine::Impl::complete_awakeable(
    std::string_view id, std::variant<wire::Void, Bytes, wire::Failure> result) {
  auto parsed = AwakeableId::parse(id);
  if (!parsed) return answered<void>(std::move(parsed).error());
  return ask<void>([this, awakeable = *parsed, result = std::move(result)](Completion<void> done) {
    again<void>(
        kRepeatable,
        [this, awakeable, result](Completion<void> reply) {
          node_->client(home()).signal(
              {awakeable.invocation, wire::SignalIndex{awakeable.signal}, result}, std::move(reply));
        },
        std::move(done));
  });
}

Reply<void> Engine::Impl::terminate(std::string_view id, wire::Terminate::Flavor flavor) {
  auto parsed = InvocationId::parse(id);
  if (!parsed) return answered<void>(std::move(parsed).error());
  return ask<void>([this, invocation = *parsed, flavor](Completion<void> done) {
    const RequestId request{ingress::fresh_ulid(home())};
    again<worker::OperationReply>(
        kRepeatable,
        [this, invocation, flavor, request](Completion<worker::OperationReply> reply) {
          node_->client(home()).terminate(invocation, flavor, request, std::move(reply));
        },
        Completion<worker::OperationReply>(
            home(), [invocation, done = std::move(done)](Result<worker::OperationReply> reply) mutable {
              if (!reply) return done(std::move(reply).error());
              done(settle(invocation, *reply));
            }));
  });
}

/// Asks until there is an answer that stays.
template <class T>
void Engine::Impl::again(bool repeatable, Function<void(Completion<T>)> question, Completion<T> done) {
  struct Attempt {
    engine::Asking asking;
    Function<void(Completion<T>)> question;
    Completion<T> done;
  };
  ask_again(std::make_shared<Attempt>(
      Attempt{engine::Asking(repeatable), std::move(question), std::move(done)}));
}

template <class Attempt>
void Engine::Impl::ask_again(std::shared_ptr<Attempt> attempt) {
  using Value = typename decltype(attempt->done)::value_type;
  attempt->question(Completion<Value>(home(), [this, attempt](Result<Value> reply) {
    if (reply) return attempt->done(std::move(reply));
    const bool failed = assembly_ && assembly_->failed();
    auto told = attempt->asking.on_error(std::move(reply).error(), failed);
    // Leaders step down because the engine closes: nobody will answer any more.
    if (!retries_ && (!told || told->code == Code::kUnavailable)) {
      told = Error{Code::kShutdown, "the engine is closing"};
    }
    if (told) return attempt->done(*std::move(told));
    auto timer = std::make_shared<std::unique_ptr<Timer>>();
    *timer = home().make_timer(retries_->bind([this, attempt, timer] {
      // The timer is inside its own callback: it goes when that is over.
      home().post([timer] { timer->reset(); });
      ask_again(attempt);
    }));
    (*timer)->arm(home().now() + attempt->asking.wait());
  }));
}

// --- Reading ----------------------------------------------------------------------------------------

/// Filled in by a thread of the pool.
struct Engine::Impl::ObjectState {
  PartitionId partition;
  PartitionKey at;
  wire::InvocationTarget object;
  std::shared_ptr<const storage::View> rows;
  State state;
  Result<void> read;
};

void Engine::Impl::collect_state(const std::string& service, std::string key,
                                 Completion<State> done) {
  const schema::ServiceRevision* known = node_->schema(home())->find_service(service);
  if (known == nullptr) {
    return done(Error{Code::kNotFound, "service '" + service + "' is not registered"});
  }
  auto object = std::make_shared<ObjectState>();
  object->object.type = known->type;
  object->object.service = service;
  if (!object->object.keyed()) {
    return done(Error{Code::kInvalidArgument, "service '" + service + "' has no state"});
  }
  object->at = key_of(key);
  object->object.key = std::move(key);
  // Only the partition that has the key need hold its rows still; an id says where that is.
  InvocationId place;
  place.key = object->at;
  again<query::InputsPtr>(
      kRepeatable,
      [this, place](Completion<query::InputsPtr> reply) {
        node_->query_source().collect({.rows = true, .only = std::set<InvocationId>{place}},
                                      std::move(reply));
      },
      Completion<query::InputsPtr>(
          home(), [this, object, done = std::move(done)](Result<query::InputsPtr> inputs) mutable {
            if (!inputs) return done(std::move(inputs).error());
            const query::PartitionInput* partition = (*inputs)->find(object->at);
            RESTATE_ASSERT(partition != nullptr && partition->rows != nullptr,
                           "every key belongs to a partition of this node");
            object->partition = partition->partition;
            object->rows = partition->rows;
            home().run_blocking(
                [object] {
                  object->read =
                      partition::Tables(object->partition, *object->rows)
                          .scan_state({object->at, object->object},
                                      [&](std::string_view name, Bytes&& value) {
                                        object->state.emplace(name, value.compact());
                                        return true;
                                      });
                  object->rows.reset();
                },
                [object, done = std::move(done)]() mutable {
                  if (!object->read) return done(std::move(object->read).error());
                  done(std::move(object->state));
                });
          }));
}

Reply<Engine::Impl::State> Engine::Impl::read_state(std::string service, std::string key) {
  return ask<State>([this, service = std::move(service), key = std::move(key)](
                        Completion<State> done) mutable {
    collect_state(service, std::move(key), std::move(done));
  });
}

Reply<std::optional<Bytes>> Engine::Impl::read_value(std::string service, std::string key,
                                                     std::string name) {
  using Value = std::optional<Bytes>;
  return ask<Value>([this, service = std::move(service), key = std::move(key),
                     name = std::move(name)](Completion<Value> done) mutable {
    collect_state(service, std::move(key),
                  Completion<State>(home(), [name = std::move(name), done = std::move(done)](
                                                Result<State> state) mutable {
                    if (!state) return done(std::move(state).error());
                    const auto found = state->find(name);
                    done(found == state->end() ? Value() : Value(std::move(found->second)));
                  }));
  });
}

Reply<Bytes> Engine::Impl::query(std::string sql) {
  return ask<Bytes>([this, sql = std::move(sql)](Completion<Bytes> done) mutable {
    if (!sql_) {
      return done(Error{Code::kUnsupported,
                        "answering SQL: the engine was opened without it; give EngineOptions::sql "
                        "what duckdb_sql() of <restate/sql.h> returns"});
    }
    if (!statements_) {
      statements_ = std::make_unique<query::StatementRunner>(
          home(), *sql_, node_->query_source(), query::ServiceOptions{});
    }
    struct Answer {
      query::StatementRunner::Id id = 0;
      std::string body;
      Completion<Bytes> done;
    };
    auto answer = std::make_shared<Answer>();
    answer->done = std::move(done);
    auto opened = statements_->open(
        sql_->make_statement(std::move(sql), query::Format::kJson),
        [this, answer](Result<query::Piece> piece) {
          if (!piece) return answer->done(std::move(piece).error());
          if (answer->body.size() + piece->body.size() > config_.request_size_limit) {
            // Not here: closing a statement takes away what is running just now.
            home().post([this, id = answer->id] {
              if (statements_) statements_->close(id);
            });
            return answer->done(
                Error{Code::kOverloaded, "the answer is larger than the engine's memory allows, "
                                         "which is " +
                                             std::to_string(config_.request_size_limit)});
          }
          answer->body.append(piece->body.view());
          if (piece->last) return answer->done(Bytes(std::move(answer->body)));
          statements_->next(answer->id);
        });
    if (!opened) return answer->done(std::move(opened).error());
    answer->id = *opened;
  });
}

}  // namespace restate
