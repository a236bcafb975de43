#include "invoker/preparation.h"

#include "partition/await_tree.h"
#include "wire/span.h"

#include <algorithm>
#include <utility>

namespace restate::invoker {

namespace {

AttemptError not_asked(DocCode doc_code, std::string message) {
  AttemptError error;
  error.doc_code = doc_code;
  error.message = std::move(message);
  // The endpoint has not been asked: its run policies must not see these failures.
  error.counts = false;
  return error;
}

AttemptError read_error(const Error& cause, std::string_view what) {
  return not_asked(DocCode::kStorage, "cannot read " + std::string(what) + ": " + cause.message);
}

std::variant<std::uint16_t, AttemptError> choose_protocol(
    const std::optional<wire::PinnedDeployment>& pinned, const schema::Deployment& deployment,
    const InvokerOptions& options) {
  if (pinned) {
    if (protocol::supports_pinned(pinned->protocol)) return pinned->protocol;
    return not_asked(DocCode::kPinnedVersion, "the invocation began with protocol version " +
                                                   std::to_string(pinned->protocol) +
                                                   ", which is not supported");
  }
  if (const auto version = protocol::negotiate(deployment.min_protocol, deployment.max_protocol,
                                               options.protocol_v7)) {
    return *version;
  }
  return not_asked(DocCode::kNoCommonVersion,
                    "no common protocol version with deployment " + deployment.id.str() +
                        ": it speaks " + std::to_string(deployment.min_protocol) + " to " +
                        std::to_string(deployment.max_protocol));
}

const schema::Deployment* choose_deployment(const InvocationInput& input,
                                            const schema::Schema& schema) {
  if (input.pinned) return schema.find_deployment(input.pinned->id);
  const schema::ServiceRevision* service = schema.find_service(input.target.service);
  return service == nullptr ? nullptr : schema.find_deployment(service->deployment);
}

}  // namespace

std::variant<PreparedAttempt, AttemptError> prepare_attempt(const InvocationId& invocation,
                                                            InvokerHost& host,
                                                            const InvokerOptions& options) {
  PreparedAttempt prepared;
  prepared.schema = host.schema();
  AttemptPlan& plan = prepared.plan;
  plan.invocation = invocation;

  auto input = host.read_invocation(invocation);
  if (!input) {
    AttemptError error = read_error(input.error(), "the invocation");
    if (input == Code::kNotFound || input == Code::kFailedPrecondition) {
      error.kind = AttemptError::Kind::kNotInvoked;
    }
    return error;
  }
  plan.input = std::move(*input);
  // From here on that of the invocation itself: what it calls belongs to its trace.
  const auto context = wire::context_of(invocation, plan.input.span);
  plan.input.span = context ? wire::span_context(*context) : wire::SpanContext{};

  prepared.deployment = choose_deployment(plan.input, *prepared.schema);
  if (prepared.deployment == nullptr) {
    return not_asked(DocCode::kNoDeployment,
                      plan.input.pinned
                          ? "deployment " + plan.input.pinned->id.str() + " is no longer registered"
                          : "no deployment serves " + plan.input.target.service);
  }
  plan.deployment = prepared.deployment->id;
  auto protocol = choose_protocol(plan.input.pinned, *prepared.deployment, options);
  if (auto* error = std::get_if<AttemptError>(&protocol)) return std::move(*error);
  plan.protocol = std::get<std::uint16_t>(protocol);

  const schema::HandlerSettings settings =
      schema::settings_of(*prepared.schema, options.defaults, plan.deployment, plan.input.target);
  prepared.retry = settings.retry;
  plan.inactivity_timeout = saturated_ms(settings.inactivity_timeout_ms);
  plan.abort_timeout = saturated_ms(settings.abort_timeout_ms);
  plan.message_size_limit = options.message_size_limit + kMessageSlackBytes;
  plan.memory_limit = options.invocation_memory() + kMessageSlackBytes;
  // Deeper trees are never stored: the invocation would be paused without a word.
  plan.max_future_depth =
      std::min<std::size_t>(options.max_awaited_future_depth, partition::kDeepestAwait);
  plan.controlled_sharding = options.controlled_idempotent_sharding;
  plan.flow_control = options.flow_control;
  plan.scoped_virtual_objects = options.scoped_virtual_objects;
  // A handler that is never waited for might as well hear so at once.
  plan.bidi = prepared.deployment->protocol_type == schema::ProtocolType::kBidiStream &&
              settings.inactivity_timeout_ms != 0;

  if (!plan.input.target.keyed() || settings.lazy_state || options.disable_eager_state) {
    plan.state.partial = true;
  } else {
    auto state = host.read_state(plan.input.target, invocation.key, options.eager_state_limit());
    if (!state) return read_error(state.error(), "the state");
    plan.state = std::move(*state);
    prepared.state_cut = plan.state.partial;
  }

  prepared.request.invocation = invocation;
  prepared.request.target = plan.input.target;
  prepared.request.protocol = plan.protocol;
  prepared.request.bidi = plan.bidi;
  return prepared;
}

schema::RetryPolicy initial_policy(const schema::Schema& schema, const schema::Defaults& defaults,
                                   const wire::InvocationTarget& target) {
  const schema::ServiceRevision* service = schema.find_service(target.service);
  const DeploymentId deployment = service == nullptr ? DeploymentId{} : service->deployment;
  return schema::settings_of(schema, defaults, deployment, target).retry;
}

}  // namespace restate::invoker
