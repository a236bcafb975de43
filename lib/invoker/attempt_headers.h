#pragma once

/// \file
/// The headers of an attempt, the same on every way to a deployment.

#include "invoker/deployment_client.h"
#include "protocol/identity.h"

#include <memory>
#include <vector>

namespace restate::invoker {

struct AttemptHeaderOptions {
  /// Sent with every request, behind all other headers; `x-restate-cluster-name` by default.
  std::vector<wire::Header> additional_headers;
  /// Null: requests are not signed.
  std::shared_ptr<const protocol::RequestIdentity> identity;
};

/// In the order of service-protocol 2.3.
std::vector<wire::Header> attempt_headers(const AttemptHeaderOptions& options,
                                          const schema::Deployment& deployment,
                                          const AttemptRequest& request, WallTime now);

}  // namespace restate::invoker
