#pragma once

/// \file
/// What has to be known before an attempt can begin: which deployment, which protocol, how long to
/// wait, and how the invocation stands.

#include "invoker/deployment_client.h"
#include "invoker/host.h"
#include "invoker/machine/attempt.h"
#include "invoker/options.h"
#include "schema/schema.h"

#include <variant>

namespace restate::invoker {

struct PreparedAttempt {
  AttemptPlan plan;
  schema::RetryPolicy retry;
  AttemptRequest request;
  schema::SchemaPtr schema;  ///< keeps `deployment` alive
  const schema::Deployment* deployment = nullptr;
  bool state_cut = false;  ///< there is more state than an attempt may begin with
};

/// Reads one moment of the invocation. Time and random bits of the plan are left to the caller.
std::variant<PreparedAttempt, AttemptError> prepare_attempt(const InvocationId& invocation,
                                                            InvokerHost& host,
                                                            const InvokerOptions& options);

/// The policy that applies before a deployment is chosen.
schema::RetryPolicy initial_policy(const schema::Schema& schema, const schema::Defaults& defaults,
                                   const wire::InvocationTarget& target);

}  // namespace restate::invoker
