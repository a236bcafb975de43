#include "protocol/discovery.h"

#include "common/ascii.h"
#include "protocol/json_schema.h"
#include "protocol/manifest_decode.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace restate::protocol {
namespace {

/// How much of a manifest that does not decode is shown.
constexpr std::size_t kShownBody = 2048;

DiscoveryError coded(int status, DocCode code, const std::string& message) {
  const std::string prefix = "[" + std::string(to_string(code)) + "] ";
  // Failed discoveries have always shown their code twice, and scripts have learned to expect it.
  return {status, code, (status == 500 ? prefix + prefix : prefix) + message};
}

DiscoveryError bad_manifest(const std::string& why) {
  return coded(500, DocCode::kBadManifest, "received a bad response from the SDK: " + why);
}

DiscoveryError refused(std::string why) { return {400, DocCode::kNone, std::move(why)}; }

bool is_reserved(std::string_view service) {
  const std::string name = ascii_lower(service);
  return name == "openapi" || name.substr(0, 7) == "restate";
}

/// Nothing: a handler of this kind cannot be in this service.
std::optional<wire::HandlerType> handler_type(wire::ServiceType service,
                                              std::optional<std::size_t> declared) {
  enum : std::size_t { kWorkflow, kExclusive, kShared };
  switch (service) {
    case wire::ServiceType::kService:
      if (!declared || *declared == kShared) return wire::HandlerType::kPlain;
      return {};
    case wire::ServiceType::kVirtualObject:
      if (!declared || *declared == kExclusive) return wire::HandlerType::kExclusive;
      if (*declared == kShared) return wire::HandlerType::kShared;
      return {};
    case wire::ServiceType::kWorkflow:
      if (!declared || *declared == kShared) return wire::HandlerType::kShared;
      if (*declared == kWorkflow) return wire::HandlerType::kWorkflow;
      return {};
  }
  return {};
}

std::optional<std::string> check_content_type(const std::string& type, bool wildcards) {
  const std::size_t slash = type.find('/');
  if (slash == std::string::npos || type.find('/', slash + 1) != std::string::npos) {
    return "can't parse the content-type '" + type + "': must contain one /";
  }
  if (wildcards && type.substr(0, slash) == "*" && type.substr(slash + 1) != "*") {
    return "can't parse the content-type '" + type + "': the wildcard format */subType is not supported";
  }
  return {};
}

std::optional<std::string> check_handler(const ManifestService& service,
                                         const ManifestHandler& handler) {
  const bool run = handler.type == wire::HandlerType::kWorkflow;
  if (handler.options.workflow_completion_retention_ms && !run) {
    return handler.name + " sets the workflow_completion_retention, but it's not a WORKFLOW handler";
  }
  if (handler.options.idempotency_retention_ms && run) {
    return handler.name + " sets the idempotency_retention, but it's a WORKFLOW handler";
  }
  if (service.options.ingress_private == true && handler.options.ingress_private == false) {
    return "The service " + service.name + " is private, but the " + handler.name +
           " is explicitly set as public. This is not supported. Please make the service public, and "
           "hide the individual handlers";
  }
  const auto check_part = [&](const auto& part, const char* which,
                              bool wildcards) -> std::optional<std::string> {
    if (!part) return {};
    if (part->content_type) {
      if (auto problem = check_content_type(*part->content_type, wildcards)) {
        return "the handler '" + handler.name + "' " + which + " content-type is not valid: " + *problem;
      }
    }
    if (part->json_schema) {
      if (auto problem = check_json_schema(nlohmann::json::parse(*part->json_schema, nullptr, false))) {
        return "the json schema for " + service.name + "/" + handler.name + " " + which +
               " is invalid: " + *problem;
      }
    }
    return {};
  };
  if (auto problem = check_part(handler.input, "input", true)) return problem;
  return check_part(handler.output, "output", false);
}

std::variant<ManifestService, DiscoveryError> judge_service(RawService raw) {
  constexpr const char* kServices[] = {"SERVICE", "VIRTUAL_OBJECT", "WORKFLOW"};
  constexpr const char* kHandlers[] = {"WORKFLOW", "EXCLUSIVE", "SHARED"};
  ManifestService& service = raw.service;
  if (is_reserved(service.name)) {
    return coded(400, DocCode::kReservedName,
                 "cannot insert/modify service '" + service.name + "' as it contains a reserved name");
  }
  for (RawHandler& handler : raw.handlers) {
    const auto type = handler_type(service.type, handler.type);
    if (!type) {
      return refused(std::string("invalid combination of service type and handler type: ") +
                     kHandlers[*handler.type] + " handler '" + handler.handler.name + "' in the " +
                     kServices[static_cast<int>(service.type)] + " '" + service.name + "'");
    }
    handler.handler.type = *type;
    if (auto problem = check_handler(service, handler.handler)) return refused(std::move(*problem));
    service.handlers.push_back(std::move(handler.handler));
  }
  return std::move(service);
}

std::optional<std::string_view> header(const std::vector<wire::Header>& headers, std::string_view name) {
  for (const wire::Header& h : headers) {
    if (ascii_equal(h.name, name)) return h.value;
  }
  return {};
}

/// These speak a protocol that they do not admit to.
bool is_old_typescript_sdk(std::string_view server) {
  for (const std::string_view prefix :
       {"restate-sdk-typescript/1.0.", "restate-sdk-typescript/1.1.", "restate-sdk-typescript/1.2."}) {
    if (server.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

/// As a JSON object, in the order in which they came.
std::string shown(const std::vector<wire::Header>& headers) {
  const auto text = [](const std::string& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string out = "{";
  for (const wire::Header& h : headers) {
    if (out.size() > 1) out += ", ";
    out += text(h.name) + ": " + text(h.value);
    if (out.size() > kShownBody) break;
  }
  return out + "}";
}

std::optional<DiscoveryError> check_head(int status, const std::vector<wire::Header>& headers,
                                         std::string_view body) {
  if (status < 200 || status > 299) {
    std::string message = "got status code '" + std::to_string(status) + "'.";
    if (status == 404) {
      message += " Make sure the provided URI has the correct path where the Restate SDK endpoint is "
                 "mounted.";
    }
    // A gateway in between shows itself here.
    message += " Response headers: " + shown(headers) + ".";
    message += " Body: " + std::string(body.substr(0, kShownBody));
    return coded(500, DocCode::kDiscoveryFailed, message);
  }
  const auto type = header(headers, "content-type");
  if (!type) {
    return bad_manifest("No content type header was specified. Expected one of '" +
                        std::string(discover_accept()) + "'");
  }
  for (const std::string_view version : {"1", "2", "3", "4"}) {
    const std::string known =
        "application/vnd.restate.endpointmanifest.v" + std::string(version) + "+json";
    if (*type == known) return {};
  }
  return bad_manifest("Bad content type header: \"" + std::string(*type) + "\". Expected one of '" +
                      std::string(discover_accept()) + "'");
}

std::optional<DiscoveryError> check_protocol(const RawManifest& raw, DiscoveryWay way, bool old_sdk) {
  if (!raw.mode) return bad_manifest("missing protocol mode");
  if (raw.min > INT32_MAX) {
    return bad_manifest("min protocol version must be in [1, 2147483647]");
  }
  if (raw.max > INT32_MAX) {
    return bad_manifest("max protocol version must be in [1, 2147483647]");
  }
  const std::uint64_t max = old_sdk ? 1 : raw.max;
  if (raw.min > raw.max) {
    return bad_manifest(
        "Expected min protocol version to be <= max protocol version. Received min protocol version '" +
        std::to_string(raw.min) + "', max protocol version '" + std::to_string(raw.max) + "'");
  }
  if (raw.min > kMaxProtocol || max < kMinProtocol) {
    return coded(500, DocCode::kNoCommonManifest,
                 "unsupported service protocol versions: [" + std::to_string(raw.min) + ", " +
                     std::to_string(max) + "]. Supported versions by this runtime are [" +
                     std::to_string(kMinProtocol) + ", " + std::to_string(kMaxProtocol) +
                     "]. Please upgrade the SDK and try registering again.");
  }
  if (*raw.mode == 0 && (way.lambda || way.http_below_1_1)) {
    return coded(500, DocCode::kBidiUnsupported,
                 "the endpoint wants to stream in both directions, which its transport cannot do; "
                 "configure it for request/response");
  }
  return {};
}

}  // namespace

bool is_service_name(std::string_view name) {
  if (!is_handler_name(name.substr(0, name.size() > 1 && name[0] == '_' ? 2 : 1))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool is_handler_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty()) return false;
  if (!letter(name[0])) {
    if (name[0] != '_' || name.size() < 2 || !(letter(name[1]) || digit(name[1]))) return false;
  }
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '_'; });
}

bool retry_discovery(int status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

DiscoveryError discovery_unreachable(std::string_view why, OtherHttp speaks) {
  if (speaks == OtherHttp::kHttp1) {
    return coded(500, DocCode::kEndpointSpeaksHttp1,
                 "the endpoint speaks HTTP/1.1 only; register it with `use_http_11`: " + std::string(why));
  }
  std::string message = "unable to reach the remote endpoint: " + std::string(why);
  if (speaks == OtherHttp::kHttp2) {
    message += ". The endpoint speaks HTTP/2 only; register it without `use_http_11`";
  }
  return coded(500, DocCode::kDiscoveryFailed, message);
}

std::variant<Manifest, DiscoveryError> parse_discovery(int status,
                                                       const std::vector<wire::Header>& headers,
                                                       std::string_view body, DiscoveryWay way) {
  if (auto error = check_head(status, headers, body)) return std::move(*error);

  std::optional<std::string> problem;
  RawManifest raw = decode_manifest(body, problem);
  if (problem) {
    return DiscoveryError{500, DocCode::kNone,
                          "received a bad response from the SDK that cannot be decoded: " + *problem +
                              ". Discovery response: " + std::string(body.substr(0, kShownBody))};
  }

  Manifest manifest;
  if (const auto server = header(headers, "x-restate-server")) manifest.sdk_version = *server;
  const bool old_sdk = manifest.sdk_version && is_old_typescript_sdk(*manifest.sdk_version);
  if (auto error = check_protocol(raw, way, old_sdk)) return std::move(*error);
  manifest.bidi = *raw.mode == 0;
  manifest.min_protocol = static_cast<std::int32_t>(raw.min);
  manifest.max_protocol = static_cast<std::int32_t>(raw.max);
  manifest.lambda_zstd = raw.zstd;
  for (RawService& service : raw.services) {
    auto judged = judge_service(std::move(service));
    if (auto* error = std::get_if<DiscoveryError>(&judged)) return std::move(*error);
    manifest.services.push_back(std::get<ManifestService>(std::move(judged)));
  }
  return manifest;
}

}  // namespace restate::protocol
