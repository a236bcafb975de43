#include <restate/testing/application.h>

#include "common/visibility.h"
#include "ingress/identity.h"
#include "schema/schema.h"
#include "trial/host.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace restate::testing {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAskAgain = 20ms;
/// Results stay until the trial has looked at them.
constexpr std::uint64_t kRetentionMs = std::uint64_t{400} * 86'400'000;

native::ServiceRegistryPtr registry_of(Trial& trial, std::vector<ServiceDefinition> services) {
  auto registry = std::make_shared<native::ServiceRegistry>();
  for (ServiceDefinition& service : services) {
    const auto added = registry->add(std::move(service));
    trial.check(added.has_value(), added ? "" : added.error().message);
  }
  return registry;
}

/// Errors after which the same request may be made again.
bool passes(const Error& error) {
  return error.code == Code::kNotLeader || error.code == Code::kOverloaded ||
         error.code == Code::kUnavailable || error.code == Code::kShutdown;
}

}  // namespace

/// The clients of an application: they keep asking until they are answered.
class RESTATE_HIDDEN Application::Impl {
 public:
  Impl(Trial& trial, std::vector<ServiceDefinition> services, const ApplicationOptions& options)
      : trial_(trial),
        state_(trial.state()),
        world_(trial.world()),
        options_(options),
        host_(state_, registry_of(trial, std::move(services)), options, [this] { ask_all(); }) {}

  Request start(std::string service, std::string handler, Result<Bytes> argument,
                RequestOptions options) {
    const std::size_t index = asked_.size();
    const std::string key = options.key.empty() ? "" : "/" + options.key;
    state_.on_request(index, service + key + "/" + handler +
                                 (argument ? " " + quote(argument->view()) : ""));
    auto asked = std::make_unique<Asked>();
    asked->service = std::move(service);
    asked->handler = std::move(handler);
    asked->options = std::move(options);
    asked_.push_back(std::move(asked));
    if (!argument) {
      answer(index, std::move(argument).error());
    } else {
      asked_[index]->argument = *std::move(argument);
      ask(index);
    }
    return {index};
  }

  Result<Bytes> wait(Request request) {
    RESTATE_ASSERT(request.index < asked_.size(), "a request of this application");
    const Asked& asked = *asked_[request.index];
    const bool over =
        world_.run_until([&] { return asked.answer || trial_.failed(); }, options_.patience);
    if (asked.answer) return *asked.answer;
    const std::string what = "request " + std::to_string(request.index + 1) + " (" +
                             asked.service + "/" + asked.handler + ")";
    if (over) return Error{Code::kInternal, what + " has no answer: the trial has failed"};
    state_.fail(what + " is not answered");
    return Error{Code::kTimeout, what + " is not answered"};
  }

  Result<void> cancel(Request request) {
    RESTATE_ASSERT(request.index < asked_.size(), "a request of this application");
    const Asked& asked = *asked_[request.index];
    const RequestId id{random_uuid()};
    state_.note("-- request " + std::to_string(request.index + 1) + " is cancelled");
    struct Asking {
      bool under_way = false, done = false;
      Result<void> answer;
    };
    const auto asking = std::make_shared<Asking>();
    while (!asking->done && !asked.answer && !trial_.failed()) {
      if (!host_.ready()) asking->under_way = false;  // whoever was asked is dead
      if (host_.ready() && asked.invocation && !std::exchange(asking->under_way, true)) {
        host_.node().client(host_.shard()).terminate(
            asked.invocation->id, wire::Terminate::Flavor::kCancel, id,
            Completion<worker::OperationReply>(
                host_.shard(), [asking](Result<worker::OperationReply> reply) {
                  asking->under_way = false;
                  if (!reply && passes(reply.error())) return;
                  // Its request may still be on its way.
                  if (reply && reply->outcome == partition::OperationOutcome::kNotFound) return;
                  asking->done = true;
                  if (!reply) asking->answer = std::move(reply).error();
                }));
      }
      world_.run_until([&] { return asking->done || asked.answer || trial_.failed(); },
                       kAskAgain / 2);
    }
    if (trial_.failed()) return Error{Code::kInternal, "the trial has failed"};
    return asking->answer;
  }

  Result<void> complete_awakeable(std::string_view id,
                                  std::variant<wire::Void, Bytes, wire::Failure> result) {
    RESTATE_TRY(const AwakeableId awakeable, AwakeableId::parse(id));
    const wire::NotifySignal signal{awakeable.invocation, wire::SignalIndex{awakeable.signal},
                                    std::move(result)};
    const auto done = std::make_shared<std::optional<Result<void>>>();
    // Completing twice is completing once, so whoever hears nothing says it again.
    while (!*done && !trial_.failed()) {
      if (host_.ready()) {
        host_.node().client(host_.shard()).signal(
            signal, Completion<void>(host_.shard(), [done](Result<void> answer) {
              if (answer || !passes(answer.error())) done->emplace(std::move(answer));
            }));
      }
      world_.run_until([&] { return *done || trial_.failed(); }, kAskAgain);
    }
    if (!*done) return Error{Code::kInternal, "the trial has failed"};
    return **done;
  }

  void settle(Duration quiet) {
    const Instant begin = world_.now();
    while (world_.now() - std::max(state_.last_seen(), begin) < quiet || !host_.ready()) {
      if (options_.patience < world_.now() - begin) {
        return state_.fail("the handlers do not come to rest");
      }
      if (trial_.failed()) return;
      world_.run_for(quiet / 4);
    }
  }

  void crash() {
    host_.crash_now();
    world_.run_until([this] { return !host_.running(); }, 1s);
  }

 private:
  struct Asked {
    std::string service, handler;
    Bytes argument;
    RequestOptions options;
    std::optional<wire::ServiceInvocation> invocation;  ///< once it is known what is called
    RequestId id;
    std::optional<Result<Bytes>> answer;
  };

  void ask_all() {
    for (std::size_t i = 0; i < asked_.size(); ++i) ask(i);
  }

  void ask(std::size_t index) {
    if (host_.ready()) host_.shard().post([this, index] { ask_on_shard(index); });
  }

  void ask_on_shard(std::size_t index) {
    Asked& asked = *asked_[index];
    if (asked.answer || !host_.ready()) return;
    if (!asked.invocation) {
      auto made = make_invocation(asked);
      if (!made) return answer(index, std::move(made).error());
      asked.invocation = *std::move(made);
      asked.id = {random_uuid()};
    }
    host_.node().client(host_.shard()).invoke(
        *asked.invocation, asked.id, worker::WaitFor::kOutput,
        Completion<worker::InvokeReply>(
            host_.shard(), [this, index](Result<worker::InvokeReply> reply) {
              if (!reply && passes(reply.error())) {
                world_.after(kAskAgain, scope_.bind([this, index] { ask(index); }));
                return;
              }
              if (!reply) return answer(index, std::move(reply).error());
              if (auto* value = std::get_if<Bytes>(&reply->result)) return answer(index, *value);
              const auto& failure = std::get<wire::Failure>(reply->result);
              answer(index, Error{Code::kTerminal, failure.message, failure.code,
                                  failure.metadata});
            }));
  }

  void answer(std::size_t index, Result<Bytes> answer) {
    if (asked_[index]->answer) return;  // it was asked twice, before a crash and after it
    state_.on_answer(index, answer);
    asked_[index]->answer.emplace(std::move(answer));
  }

  Result<wire::ServiceInvocation> make_invocation(const Asked& asked) {
    const schema::SchemaPtr schema = host_.node().schema(host_.shard());
    wire::ServiceInvocation invocation;
    RESTATE_TRY(invocation.target, schema::resolve_target(*schema, asked.service, asked.options.key,
                                                          asked.handler, std::nullopt));
    const auto& key = asked.options.idempotency_key;
    invocation.id = ingress::identify(host_.shard(), invocation.target, key, true);
    // An id of its own that no crash changes: random numbers of the handler follow from it.
    if (!key && !invocation.target.workflow_run()) {
      invocation.id.uuid = random_uuid();
      if (!invocation.target.keyed()) invocation.id.key = {state_.ids().next()};
    }
    invocation.argument = asked.argument;
    invocation.retention = schema::retention_of(*schema, host_.config().defaults,
                                                invocation.target, key.has_value());
    // Somebody who asks again after a crash must find the first try, even if it has ended.
    invocation.retention.completion_ms = std::max(invocation.retention.completion_ms, kRetentionMs);
    invocation.idempotency_key = key;
    for (const auto& [name, value] : asked.options.headers) {
      invocation.headers.push_back({name, value});
    }
    if (asked.options.delay) {
      invocation.execution_time =
          host_.shard().wall_now().plus(static_cast<std::uint64_t>(asked.options.delay->count()));
    }
    return invocation;
  }

  Uuid random_uuid() {
    Uuid uuid;
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint64_t bits = state_.ids().next();
      for (std::size_t i = 0; i < 8; ++i, bits >>= 8) {
        uuid.bytes[half * 8 + i] = static_cast<std::uint8_t>(bits);
      }
    }
    return uuid;
  }

  Trial& trial_;
  TrialState& state_;
  World& world_;
  const ApplicationOptions options_;
  std::vector<std::unique_ptr<Asked>> asked_;
  Scope scope_;
  Host host_;  ///< last: it goes first
};

Application::Application(Trial& trial, std::vector<ServiceDefinition> services,
                         ApplicationOptions options)
    : impl_(std::make_unique<Impl>(trial, std::move(services), options)) {}
Application::~Application() = default;

Request Application::start(std::string_view service, std::string_view handler, Bytes argument,
                           RequestOptions options) {
  return begin(service, handler, std::move(argument), std::move(options));
}
Request Application::begin(std::string_view service, std::string_view handler,
                           Result<Bytes> argument, RequestOptions options) {
  return impl_->start(std::string(service), std::string(handler), std::move(argument),
                      std::move(options));
}
Result<Bytes> Application::wait(Request request) { return impl_->wait(request); }
Result<Bytes> Application::call(std::string_view service, std::string_view handler, Bytes argument,
                                RequestOptions options) {
  return wait(start(service, handler, std::move(argument), std::move(options)));
}
Result<void> Application::resolve_awakeable(std::string_view id, Bytes value) {
  return impl_->complete_awakeable(id, std::move(value));
}
Result<void> Application::reject_awakeable(std::string_view id, std::string_view message) {
  return impl_->complete_awakeable(id, wire::Failure{500, std::string(message), {}});
}
Result<void> Application::cancel(Request request) { return impl_->cancel(request); }
void Application::settle(Duration quiet) { impl_->settle(quiet); }
void Application::crash() { impl_->crash(); }

}  // namespace restate::testing
