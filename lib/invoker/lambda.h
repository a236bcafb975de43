#pragma once

/// \file
/// What the invoker needs of AWS Lambda: hand a function a whole request, get its whole response.
/// `connect` implements it; credentials, signatures and JSON are its business.

#include "invoker/deployment_client.h"

#include <restate/bytes.h>
#include <restate/function.h>
#include <restate/wire/invocation.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restate::invoker {

struct LambdaRequest {
  std::string arn;
  std::optional<std::string> assume_role_arn;
  std::string method;
  std::string path;
  std::vector<wire::Header> headers;
  ByteChain body;
  /// The function understands compressed bodies, and may answer with one.
  bool zstd = false;
};

struct LambdaResponse {
  int status = 0;
  std::vector<wire::Header> headers;  ///< names in lower case
  Bytes body;
};

/// The error's code says whether another try may help: `kUnavailable`, `kTimeout` and `kOverloaded`
/// may pass, others need somebody to change something.
using LambdaOutcome = std::variant<LambdaResponse, TransportFailure>;

/// A call under way. Destroying it gives up; it may be destroyed in its own callback.
class LambdaCall {
 public:
  virtual ~LambdaCall() = default;
};

/// One per shard. Calls must be gone before it dies.
class LambdaClient {
 public:
  virtual ~LambdaClient() = default;
  /// Calls the function once. `done` runs on the client's shard, never inside this call.
  virtual std::unique_ptr<LambdaCall> call(LambdaRequest request,
                                           Function<void(LambdaOutcome)> done) = 0;
};

}  // namespace restate::invoker
