#include <restate/engine.h>

#include "engine/assembly.h"
#include "engine/native_services.h"
#include "engine/reply_state.h"
#include "ingress/identity.h"

#include <restate/uv/runtime.h>

#include <future>

namespace restate {
namespace {

using namespace std::chrono_literals;
using engine::ReplyState;

/// Between two tries of a request that found no leader.
constexpr Duration kRetryWait = 20ms;
constexpr int kTries = 1500;

node::ListenerConfig listener_of(const EngineOptions& options, std::optional<std::uint16_t> port) {
  node::ListenerConfig listener;
  listener.mode = port ? node::ListenMode::kTcp : node::ListenMode::kNone;
  listener.bind_ip = options.bind_ip;
  listener.port = port.value_or(0);
  return listener;
}

node::Config config_of(const EngineOptions& options) {
  node::Config config;
  config.node_name = "engine";
  config.base_dir.clear();
  config.partitions = options.partitions;
  config.shards = options.shards;
  config.use_budget(options.memory);
  config.ingress_listener = listener_of(options, options.ingress_port);
  config.admin_listener = listener_of(options, options.admin_port);
  config.node_listener = listener_of(options, {});
  return config;
}

Result<Bytes> settle(wire::InvocationResult result) {
  if (auto* value = std::get_if<Bytes>(&result)) return std::move(*value);
  wire::Failure& failure = std::get<wire::Failure>(result);
  return Error{Code::kTerminal, std::move(failure.message), failure.code};
}

/// The outcome is unknown or nothing happened: the same ids make another try safe.
bool worth_retrying(const Error& error) {
  return error.code == Code::kNotLeader || error.code == Code::kOverloaded ||
         error.code == Code::kUnavailable;
}

}  // namespace

/// Requests go to shard 0, which routes them.
class Engine::Impl {
 public:
  explicit Impl(const EngineOptions& options)
      : config_(config_of(options)),
        runtime_({.shards = options.shards, .pool_threads = 2, .logger = options.logger}),
        services_(runtime_, options.handler_threads) {}

  ~Impl() {
    runtime_.begin_shutdown();
    if (node_) {
      std::promise<void> stopped;
      runtime_.run_on(0, [&] {
        retries_.reset();
        node_->stop(Completion<void>(home(), [&](Result<void>) { stopped.set_value(); }));
      });
      stopped.get_future().wait();
    }
    runtime_.run_on(0, [&] {
      node_.reset();
      assembly_.reset();
    });
    runtime_.stop();
  }

  Result<void> open(const EngineOptions& options) {
    std::promise<Result<void>> opened;
    runtime_.run_on(0, [&] {
      engine::AssemblyOptions parts;
      parts.data_dir = options.data_dir.value_or("");
      parts.in_process = [this](Shard& shard) { return services_.make_client(shard); };
      parts.on_failed = options.on_fatal;
      auto assembly = engine::Assembly::open(config_, runtime_, std::move(parts));
      if (!assembly) return opened.set_value(std::move(assembly).error());
      assembly_ = *std::move(assembly);
      node_ = std::make_unique<node::Node>(assembly_->parts(), config_);
      node_->start(Completion<node::BoundAddresses>(
          home(), [&](Result<node::BoundAddresses> bound) {
            if (!bound) return opened.set_value(std::move(bound).error());
            bound_ = *std::move(bound);
            opened.set_value({});
          }));
    });
    return opened.get_future().get();
  }

  Result<void> serve(ServiceDefinition service) {
    RESTATE_TRY_VOID(services_.add(std::move(service)));
    std::promise<Result<void>> offered;
    runtime_.run_on(0, [&] {
      node_->offer(services_.discovered(), Completion<void>(home(), [&](Result<void> result) {
                     offered.set_value(std::move(result));
                   }));
    });
    return offered.get_future().get();
  }

  Reply<Bytes> call(std::string service, std::string handler, Bytes argument,
                      RequestOptions options) {
    auto state = std::make_shared<ReplyState<Bytes>>();
    request(std::move(service), std::move(handler), std::move(argument), std::move(options),
            worker::WaitFor::kOutput, [state](Result<worker::InvokeReply> reply) {
              if (!reply) return state->answer(std::move(reply).error());
              state->answer(settle(std::move(reply->result)));
            });
    return Reply<Bytes>(state);
  }

  Reply<std::string> send(std::string service, std::string handler, Bytes argument,
                            RequestOptions options) {
    auto state = std::make_shared<ReplyState<std::string>>();
    request(std::move(service), std::move(handler), std::move(argument), std::move(options),
            worker::WaitFor::kSubmitted, [state](Result<worker::InvokeReply> reply) {
              if (!reply) return state->answer(std::move(reply).error());
              state->answer(reply->invocation.str());
            });
    return Reply<std::string>(state);
  }

  Reply<Bytes> attach(std::string_view id) {
    auto state = std::make_shared<ReplyState<Bytes>>();
    auto parsed = InvocationId::parse(id);
    if (!parsed) {
      state->answer(std::move(parsed).error());
      return Reply<Bytes>(state);
    }
    on_home([this, invocation = *parsed, state] {
      const RequestId request{ingress::fresh_ulid(home())};
      again<worker::OutputReply>(
          [this, invocation, request](Completion<worker::OutputReply> done) {
            node_->client(home()).output(invocation, request, true, std::move(done));
          },
          [state](Result<worker::OutputReply> reply) {
            if (!reply) return state->answer(std::move(reply).error());
            if (reply->kind == worker::OutputReply::Kind::kNotFound) {
              return state->answer(Error{Code::kNotFound, "no such invocation"});
            }
            state->answer(settle(std::move(reply->result)));
          });
    }, state);
    return Reply<Bytes>(state);
  }

  Reply<void> complete_awakeable(std::string_view id, std::variant<wire::Void, Bytes, wire::Failure> result) {
    auto state = std::make_shared<ReplyState<void>>();
    auto parsed = AwakeableId::parse(id);
    if (!parsed) {
      state->answer(std::move(parsed).error());
      return Reply<void>(state);
    }
    on_home([this, awakeable = *parsed, result = std::move(result), state] {
      again<void>(
          [this, awakeable, result](Completion<void> done) {
            node_->client(home()).signal(
                {awakeable.invocation, wire::SignalIndex{awakeable.signal}, result},
                std::move(done));
          },
          [state](Result<void> done) { state->answer(std::move(done)); });
    }, state);
    return Reply<void>(state);
  }

  const node::BoundAddresses& bound() const { return bound_; }

 private:
  Shard& home() { return runtime_.shard(0); }

  /// Runs `task` on shard 0; answers `state` if the engine closes first.
  template <class State>
  void on_home(Task task, std::shared_ptr<State> state) {
    home().post_remote([task = std::move(task),
                        guard = Completion<void>(home(), [state](Result<void> result) {
                          if (!result) state->answer(std::move(result).error());
                        })]() mutable {
      task();
      guard(Result<void>());
    });
  }

  void request(std::string service, std::string handler, Bytes argument, RequestOptions options,
               worker::WaitFor wait, Function<void(Result<worker::InvokeReply>)> done) {
    home().post_remote([this, service = std::move(service), handler = std::move(handler),
                        argument = std::move(argument), options = std::move(options), wait,
                        answer = Completion<worker::InvokeReply>(home(), std::move(done))]() mutable {
      auto invocation =
          make_invocation(service, handler, std::move(argument), std::move(options));
      if (!invocation) return answer(std::move(invocation).error());
      const RequestId request{ingress::fresh_ulid(home())};
      again<worker::InvokeReply>(
          [this, invocation = *std::move(invocation), request,
           wait](Completion<worker::InvokeReply> reply) {
            node_->client(home()).invoke(invocation, request, wait, std::move(reply));
          },
          [answer = std::move(answer)](Result<worker::InvokeReply> reply) mutable {
            answer(std::move(reply));
          });
    });
  }

  Result<wire::ServiceInvocation> make_invocation(const std::string& service,
                                                  const std::string& handler, Bytes argument,
                                                  RequestOptions options) {
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
      invocation.execution_time =
          home().wall_now().plus(static_cast<std::uint64_t>(options.delay->count()));
    }
    return invocation;
  }

  /// Asks until there is an answer that stays: partitions may have no leader for a moment.
  template <class T>
  void again(Function<void(Completion<T>)> ask, Function<void(Result<T>)> done, int tries = kTries) {
    struct Attempt {
      Function<void(Completion<T>)> ask;
      Completion<T> done;
    };
    auto attempt = std::make_shared<Attempt>(
        Attempt{std::move(ask), Completion<T>(home(), std::move(done))});
    ask_again(attempt, tries);
  }

  template <class Attempt>
  void ask_again(std::shared_ptr<Attempt> attempt, int tries) {
    using Value = typename decltype(attempt->done)::value_type;
    attempt->ask(Completion<Value>(home(), [this, attempt, tries](Result<Value> reply) {
      if (reply || !worth_retrying(reply.error()) || tries == 0 || !retries_) {
        return attempt->done(std::move(reply));
      }
      auto timer = std::make_shared<std::unique_ptr<Timer>>();
      *timer = home().make_timer(retries_->bind([this, attempt, tries, timer] {
        // The timer is inside its own callback: it goes when that is over.
        home().post([timer] { timer->reset(); });
        ask_again(attempt, tries - 1);
      }));
      (*timer)->arm(home().now() + kRetryWait);
    }));
  }

  const node::Config config_;
  uv::Runtime runtime_;
  engine::NativeServices services_;
  std::unique_ptr<engine::Assembly> assembly_;
  std::unique_ptr<node::Node> node_;
  node::BoundAddresses bound_;
  std::unique_ptr<Scope> retries_ = std::make_unique<Scope>();
};

Result<Engine> Engine::open(EngineOptions options) {
  auto impl = std::make_unique<Impl>(options);
  RESTATE_TRY_VOID(impl->open(options));
  return Engine(std::move(impl));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<void> Engine::serve(ServiceDefinition service) { return impl_->serve(std::move(service)); }

Reply<Bytes> Engine::call(std::string_view service, std::string_view handler, Bytes argument,
                            RequestOptions options) {
  return impl_->call(std::string(service), std::string(handler), std::move(argument),
                     std::move(options));
}

Reply<std::string> Engine::send(std::string_view service, std::string_view handler,
                                  Bytes argument, RequestOptions options) {
  return impl_->send(std::string(service), std::string(handler), std::move(argument),
                     std::move(options));
}

Reply<Bytes> Engine::attach(std::string_view invocation_id) {
  return impl_->attach(invocation_id);
}

Reply<void> Engine::resolve_awakeable(std::string_view id, Bytes value) {
  return impl_->complete_awakeable(id, std::move(value));
}

Reply<void> Engine::reject_awakeable(std::string_view id, std::string_view message) {
  return impl_->complete_awakeable(id, wire::Failure{500, std::string(message), {}});
}

std::optional<std::uint16_t> Engine::ingress_port() const {
  const auto& addresses = impl_->bound().ingress;
  return addresses.empty() ? std::nullopt : std::optional(addresses.front().port);
}

std::optional<std::uint16_t> Engine::admin_port() const {
  const auto& addresses = impl_->bound().admin;
  return addresses.empty() ? std::nullopt : std::optional(addresses.front().port);
}

}  // namespace restate
