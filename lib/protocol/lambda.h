#pragma once

/// \file
/// The service protocol when AWS Lambda carries it: the address of a function, and a request and
/// its response as JSON documents with the body in base64, in the shape that API gateways made
/// common (service-protocol 5).

#include <restate/bytes.h>
#include <restate/result.h>
#include <restate/wire/invocation.h>

#include <string>
#include <string_view>
#include <vector>

namespace restate::protocol {

/// `arn:aws:lambda:eu-central-1:123456789012:function:greeter:1`
struct LambdaArn {
  std::string partition;  ///< `aws`, `aws-cn`, `aws-us-gov`
  std::string region;
  std::string account;
  std::string function;
  std::string qualifier;  ///< a version or an alias
  bool operator==(const LambdaArn&) const = default;
};

/// - `kInvalidArgument`: says which part is wrong. An address without version or alias is refused:
///   what it means may change while invocations run.
Result<LambdaArn> parse_lambda_arn(std::string_view text);

/// Of headers with one name the first counts: the document has one value for each.
std::string encode_lambda_request(std::string_view method, std::string_view path,
                                  const std::vector<wire::Header>& headers, std::string_view body);

struct LambdaResponse {
  int status = 0;
  std::vector<wire::Header> headers;  ///< names in lower case
  std::string body;                   ///< decoded from base64; `content-encoding` still applies
  bool operator==(const LambdaResponse&) const = default;
};

/// - `kInvalidArgument`: it is no such document; the function is not a handler of an SDK.
Result<LambdaResponse> decode_lambda_response(std::string_view payload);

}  // namespace restate::protocol
