#include "connect/aws/lambda_exchange.h"

#include "connect/aws/zstd.h"
#include "invoker/options.h"
#include "protocol/exchange.h"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <utility>

namespace restate::connect::aws {
namespace {

using invoker::TransportFailure;
using protocol::DocCode;

/// How much of an answer nobody expected is shown.
constexpr std::size_t kShownBytes = 512;

/// The first of these members that is a text.
std::string member(const nlohmann::json& json, std::initializer_list<const char*> names) {
  if (!json.is_object()) return {};
  for (const char* name : names) {
    const auto found = json.find(name);
    if (found != json.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

std::string error_type(const HttpAnswer& answer) {
  const std::string_view type = answer.header("x-amzn-errortype").value_or("");
  return std::string(type.substr(0, type.find(':')));
}

/// `TooManyRequestsException: Rate Exceeded.`
std::string reason(const HttpAnswer& answer) {
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  std::string text = member(json, {"message", "Message"});
  if (text.empty()) text = answer.body.substr(0, kShownBytes);
  const std::string type = error_type(answer);
  if (!type.empty()) text = type + (text.empty() ? "" : ": ") + text;
  return text;
}

TransportFailure refusal(const std::string& arn, const HttpAnswer& answer) {
  TransportFailure failure;
  failure.error = {Code::kFailedPrecondition, "calling " + arn + ": Lambda answered " +
                                                  std::to_string(answer.status) + " " +
                                                  reason(answer)};
  if (answer.status == 429 || answer.status == 503) {
    failure.code = DocCode::kRateLimited;
    failure.error.code = Code::kOverloaded;
    if (const auto after = answer.header("retry-after")) {
      // Only seconds: nobody sends dates here.
      if (const auto ms = protocol::parse_retry_after(*after, WallTime{UINT64_MAX})) {
        failure.retry_after = invoker::saturated_ms(*ms);
      }
    }
  } else if (answer.status == 413) {
    failure.code = DocCode::kPayloadTooLarge;
  } else if (answer.status >= 500) {
    failure.error.code = Code::kUnavailable;
  } else if (answer.status == 401 || answer.status == 403) {
    failure.error.code = Code::kUnauthenticated;
  }
  return failure;
}

/// A handler that threw, ran out of time or memory, or did not start.
TransportFailure function_error(const std::string& arn, const HttpAnswer& answer) {
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  std::string what = member(json, {"errorType"});
  const std::string message = member(json, {"errorMessage"});
  if (!message.empty()) what += (what.empty() ? "" : ": ") + message;
  if (what.empty()) what = answer.body.substr(0, kShownBytes);
  TransportFailure failure;
  failure.error = {Code::kFailedPrecondition, "the function " + arn + " failed: " + what};
  return failure;
}

}  // namespace

HttpQuery make_invoke_query(const std::string& endpoint, const invoker::LambdaRequest& request,
                            std::size_t compression_threshold) {
  std::vector<wire::Header> headers;
  std::string body = join(request.body);
  if (request.zstd) {
    headers.push_back({"accept-encoding", "zstd"});
    if (body.size() >= compression_threshold) {
      headers.push_back({"content-encoding", "zstd"});
      body = zstd_compress(body);
    }
  }
  headers.insert(headers.end(), request.headers.begin(), request.headers.end());

  HttpQuery query;
  query.method = "POST";
  query.url =
      endpoint + "/2015-03-31/functions/" + protocol::percent_encode(request.arn) + "/invocations";
  query.headers = {{"content-type", "application/json"},
                   {"x-amz-invocation-type", "RequestResponse"}};
  query.body = protocol::encode_lambda_request(request.method, request.path, headers, body);
  return query;
}

invoker::LambdaOutcome judge_invocation(const std::string& arn, const Result<HttpAnswer>& answer) {
  TransportFailure failure;
  if (!answer) {
    Error error = answer.error();
    failure.error = std::move(error).within("calling " + arn);
    return failure;
  }
  if (answer->status < 200 || answer->status > 299) return refusal(arn, *answer);
  if (answer->header("x-amz-function-error")) return function_error(arn, *answer);
  if (answer->body.empty()) {
    failure.error = {Code::kFailedPrecondition, "the function " + arn + " answered nothing"};
    return failure;
  }
  auto response = protocol::decode_lambda_response(answer->body);
  if (!response) {
    Error error = std::move(response).error();
    failure.error = {Code::kFailedPrecondition, arn + ": " + error.message};
    return failure;
  }
  invoker::LambdaResponse out;
  out.status = response->status;
  out.headers = std::move(response->headers);
  for (const wire::Header& header : out.headers) {
    if (header.name != "content-encoding" || header.value != "zstd") continue;
    auto plain = zstd_decompress(response->body, invoker::kLambdaBodyBytes);
    if (!plain) {
      failure.error = {Code::kFailedPrecondition, arn + ": " + plain.error().message};
      return failure;
    }
    response->body = *std::move(plain);
  }
  out.body = Bytes(std::move(response->body));
  return out;
}

bool refuses_credentials(const Result<HttpAnswer>& answer) {
  if (!answer || (answer->status != 401 && answer->status != 403)) return false;
  // A role that may not call the function is no better when it is assumed again.
  return error_type(*answer) != "AccessDeniedException";
}

}  // namespace restate::connect::aws
