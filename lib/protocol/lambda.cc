#include "protocol/lambda.h"

#include "common/ascii.h"
#include "common/base64.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace restate::protocol {
namespace {

using Json = nlohmann::json;

/// Bytes that are no UTF-8 cannot stand in JSON.
std::string json_text(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Error bad_arn(std::string_view text, const std::string& why) {
  return {Code::kInvalidArgument,
          "'" + std::string(text) + "' is not the ARN of a function: " + why};
}

Error bad_response(const std::string& why) {
  return {Code::kInvalidArgument, "the function did not answer as a Restate SDK would: " + why};
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_account(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<LambdaArn> parse_lambda_arn(std::string_view text) {
  enum : std::size_t { kArn, kPartition, kService, kRegion, kAccount, kKind, kName, kQualifier };
  constexpr std::size_t kParts = 8;
  std::array<std::string_view, kParts> parts;
  std::size_t count = 0;
  for (std::string_view rest = text;;) {
    const std::size_t colon = rest.find(':');
    if (count == kParts) return bad_arn(text, "it has more than eight parts");
    parts[count++] = rest.substr(0, colon);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (parts[kArn] != "arn") return bad_arn(text, "it does not begin with 'arn:'");
  if (count <= kService || parts[kService] != "lambda")
    return bad_arn(text, "it is not about lambda");
  if (!is_word(parts[kPartition])) return bad_arn(text, "its partition is wrong");
  if (count <= kKind || !is_word(parts[kRegion])) return bad_arn(text, "its region is wrong");
  if (!is_account(parts[kAccount])) return bad_arn(text, "its account is not a number");
  if (parts[kKind] != "function") return bad_arn(text, "it names no function");
  if (count <= kName || !is_word(parts[kName]))
    return bad_arn(text, "the function's name is wrong");
  if (count <= kQualifier || parts[kQualifier].empty()) {
    return bad_arn(text, "it lacks a version or an alias, such as ':1' or ':$LATEST'");
  }
  const std::string_view qualifier = parts[kQualifier];
  if (qualifier != "$LATEST" && !is_word(qualifier)) {
    return bad_arn(text, "its version or alias is wrong");
  }
  return LambdaArn{std::string(parts[kPartition]), std::string(parts[kRegion]),
                   std::string(parts[kAccount]), std::string(parts[kName]), std::string(qualifier)};
}

std::string encode_lambda_request(std::string_view method, std::string_view path,
                                  const std::vector<wire::Header>& headers, std::string_view body) {
  std::string text =
      "{\"path\":" + json_text(path) + ",\"httpMethod\":" + json_text(method) + ",\"headers\":{";
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const bool repeated = std::any_of(headers.begin(), header, [&](const wire::Header& earlier) {
      return earlier.name == header->name;
    });
    if (repeated) continue;
    if (text.back() != '{') text += ',';
    text += json_text(header->name) + ":" + json_text(header->value);
  }
  text += "},\"body\":\"";
  text += base64::encode(body);
  text += "\",\"isBase64Encoded\":true}";
  return text;
}

Result<LambdaResponse> decode_lambda_response(std::string_view payload) {
  Json document = Json::parse(payload, nullptr, false);
  if (!document.is_object()) return bad_response("its answer is no JSON object");
  LambdaResponse response;
  const auto status = document.find("statusCode");
  if (status == document.end() || !status->is_number_integer() ||
      status->get<std::int64_t>() < 100 || status->get<std::int64_t>() > 999) {
    return bad_response("'statusCode' is no HTTP status");
  }
  response.status = status->get<int>();
  if (const auto headers = document.find("headers");
      headers != document.end() && !headers->is_null()) {
    if (!headers->is_object()) return bad_response("'headers' is no object");
    for (const auto& [name, value] : headers->items()) {
      response.headers.push_back(
          {ascii_lower(name), value.is_string() ? value.get<std::string>() : value.dump()});
    }
  }
  const auto body = document.find("body");
  if (body == document.end() || body->is_null()) return response;
  if (!body->is_string()) return bad_response("'body' is no text");
  const auto encoded = document.find("isBase64Encoded");
  if (encoded != document.end() && !encoded->is_null() && !encoded->is_boolean()) {
    return bad_response("'isBase64Encoded' is neither true nor false");
  }
  if (encoded != document.end() && encoded->is_boolean() && encoded->get<bool>()) {
    auto decoded = base64::decode(body->get_ref<const std::string&>());
    if (!decoded) return bad_response("'body' is not base64");
    response.body = *std::move(decoded);
  } else {
    response.body = std::move(body->get_ref<std::string&>());
  }
  return response;
}

}  // namespace restate::protocol
