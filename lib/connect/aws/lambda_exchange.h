#pragma once

/// \file
/// The Invoke API of AWS Lambda: a call as an HTTP request, and what its answers mean.

#include "connect/aws/http.h"
#include "invoker/lambda.h"
#include "protocol/lambda.h"

#include <cstddef>
#include <string>

namespace restate::connect::aws {

/// Not signed yet. Bodies from `compression_threshold` on are compressed if the function takes
/// that.
HttpQuery make_invoke_query(const std::string& endpoint, const invoker::LambdaRequest& request,
                            std::size_t compression_threshold);

/// A function that failed, and a service that refused, are failures of the transport: nobody has
/// answered as an SDK does. Throttling is what RT0023 stands for.
invoker::LambdaOutcome judge_invocation(const std::string& arn, const Result<HttpAnswer>& answer);

/// The call was refused because of its credentials, and others may be accepted.
bool refuses_credentials(const Result<HttpAnswer>& answer);

}  // namespace restate::connect::aws
