#pragma once

/// \file
/// What an endpoint says it serves: the manifest it answers to `/discover`. Parsed strictly, with one
/// schema for all versions of the format, because a typo in an option that nobody notices costs a
/// user more than a refused registration (service-protocol 3).

#include "protocol/doc_codes.h"
#include "protocol/exchange.h"

#include <restate/bytes.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace restate::protocol {

/// Why there is no manifest. `message` is the text for users, with the code printed as the admin API
/// prints it.
struct DiscoveryError {
  int status = 500;  ///< of the admin API
  DocCode code = DocCode::kNone;
  std::string message;
  bool operator==(const DiscoveryError&) const = default;
};

/// Options that services and handlers share.
struct ManifestOptions {
  std::optional<std::uint64_t> inactivity_timeout_ms, abort_timeout_ms;
  std::optional<std::uint64_t> journal_retention_ms, idempotency_retention_ms;
  std::optional<std::uint64_t> workflow_completion_retention_ms;  ///< handlers only
  std::optional<bool> enable_lazy_state, ingress_private;
  std::optional<std::uint64_t> retry_initial_ms, retry_max_interval_ms, retry_max_attempts;
  std::optional<double> retry_factor;
  std::optional<bool> retry_kill;  ///< on max attempts: kill; else pause
  std::optional<std::string> documentation;
  std::map<std::string, std::string> metadata;
  bool operator==(const ManifestOptions&) const = default;
};

struct ManifestInput {
  bool required = false;
  std::optional<std::string> content_type;
  std::optional<std::string> json_schema;  ///< as JSON text
  bool operator==(const ManifestInput&) const = default;
};

struct ManifestOutput {
  std::optional<std::string> content_type;
  bool set_content_type_if_empty = false;
  std::optional<std::string> json_schema;
  bool operator==(const ManifestOutput&) const = default;
};

struct ManifestHandler {
  std::string name;
  /// Resolved: what the manifest leaves open depends on the kind of service.
  wire::HandlerType type = wire::HandlerType::kPlain;
  std::optional<ManifestInput> input;    ///< nothing: anything is accepted
  std::optional<ManifestOutput> output;  ///< nothing: JSON
  ManifestOptions options;
  bool operator==(const ManifestHandler&) const = default;
};

struct ManifestService {
  std::string name;
  wire::ServiceType type = wire::ServiceType::kService;
  std::vector<ManifestHandler> handlers;
  ManifestOptions options;
  bool operator==(const ManifestService&) const = default;
};

struct Manifest {
  bool bidi = true;  ///< BIDI_STREAM; else REQUEST_RESPONSE
  std::int32_t min_protocol = 5, max_protocol = 6;  ///< as advertised
  bool lambda_zstd = false;
  std::vector<ManifestService> services;  ///< of two with one name, the last counts
  std::optional<std::string> sdk_version;  ///< `x-restate-server` of the response
  bool operator==(const Manifest&) const = default;
};

/// How the answer came, which decides what may be in it.
struct DiscoveryWay {
  bool lambda = false;
  bool http_below_1_1 = false;
};

/// The answer to a discovery request, judged completely: head, body, names, options. Answers worth
/// another try (`retry_discovery`) are refused like all others here.
std::variant<Manifest, DiscoveryError> parse_discovery(int status,
                                                       const std::vector<wire::Header>& headers,
                                                       std::string_view body, DiscoveryWay way);

/// True for statuses after which the request is sent again, up to `kDiscoveryRetries` times.
bool retry_discovery(int status);
inline constexpr int kDiscoveryRetries = 4;
/// Before the first retry; doubles with each.
inline constexpr Duration kDiscoveryRetryDelay = milliseconds(100);

/// Which other HTTP an endpoint turned out to speak.
enum class OtherHttp : std::uint8_t { kNo, kHttp1, kHttp2 };

/// The endpoint could not be reached, or broke the connection.
DiscoveryError discovery_unreachable(std::string_view why, OtherHttp speaks = OtherHttp::kNo);

/// True for names that services may have; handlers allow neither `.` nor `-`.
bool is_service_name(std::string_view name);
bool is_handler_name(std::string_view name);

}  // namespace restate::protocol
