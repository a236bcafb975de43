#pragma once

/// \file
/// The registry as everyone reads it: which services exist, which deployment serves them, and with
/// which options. Immutable; a change makes a new one with a higher version.

#include "schema/subscription.h"

#include <restate/ids.h>
#include <restate/result.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace restate::schema {

enum class ProtocolType : std::uint8_t { kBidiStream, kRequestResponse };
enum class HttpVersion : std::uint8_t { kHttp11, kHttp2 };

/// Options that a handler, a service or the server may set; the first that does wins.
struct Options {
  std::optional<std::uint64_t> inactivity_timeout_ms, abort_timeout_ms;
  std::optional<std::uint64_t> journal_retention_ms, idempotency_retention_ms;
  std::optional<std::uint64_t> workflow_completion_retention_ms;
  std::optional<bool> enable_lazy_state, ingress_private;
  std::optional<std::uint64_t> retry_initial_ms, retry_max_interval_ms, retry_max_attempts;
  std::optional<double> retry_factor;
  std::optional<bool> retry_kill;  ///< on max attempts: kill; else pause
  bool operator==(const Options&) const = default;
};

/// What a handler says it takes.
struct InputRules {
  bool declared = false;  ///< without a declaration everything is accepted
  bool required = false;
  std::optional<std::string> content_type;
  std::optional<std::string> json_schema;  ///< as text
  bool operator==(const InputRules&) const = default;
};
/// What a handler says it gives.
struct OutputRules {
  bool declared = false;
  std::optional<std::string> content_type;
  bool set_content_type_if_empty = false;
  std::optional<std::string> json_schema;
  bool operator==(const OutputRules&) const = default;
};

struct Handler {
  std::string name;
  wire::HandlerType type = wire::HandlerType::kPlain;
  InputRules input;
  OutputRules output;
  Options options;
  std::optional<std::string> documentation;
  std::map<std::string, std::string> metadata;
  bool operator==(const Handler&) const = default;
};

/// One service as one deployment declares it.
struct ServiceRevision {
  std::string name;
  wire::ServiceType type = wire::ServiceType::kService;
  std::uint32_t revision = 1;
  DeploymentId deployment;
  std::map<std::string, Handler, std::less<>> handlers;
  Options options;  ///< discovered, then edited through the admin API
  std::optional<std::string> documentation;
  std::map<std::string, std::string> metadata;
  bool operator==(const ServiceRevision&) const = default;
};

struct Deployment {
  DeploymentId id;
  std::string uri;         ///< empty for Lambda
  std::string lambda_arn;  ///< empty for HTTP
  std::optional<std::string> assume_role_arn;  ///< Lambda: the role to call it with
  bool lambda_zstd = false;                    ///< Lambda: it takes compressed requests
  bool in_process = false;                     ///< the native services of this engine
  ProtocolType protocol_type = ProtocolType::kBidiStream;
  HttpVersion http_version = HttpVersion::kHttp2;
  std::int32_t min_protocol = 5, max_protocol = 6;
  std::optional<std::string> sdk_version;
  std::vector<wire::Header> additional_headers;
  std::map<std::string, std::string> metadata;
  WallTime created_at;
  std::vector<ServiceRevision> services;
  bool operator==(const Deployment&) const = default;
};

/// Server-wide defaults and clamps.
struct Defaults {
  std::uint64_t inactivity_timeout_ms = 60'000;
  std::uint64_t abort_timeout_ms = 600'000;
  std::uint64_t journal_retention_ms = 86'400'000;
  std::uint64_t idempotency_retention_ms = 86'400'000;
  std::uint64_t workflow_completion_retention_ms = 86'400'000;
  std::uint64_t retry_initial_ms = 500;
  double retry_factor = 2.0;
  std::uint64_t retry_max_interval_ms = 60'000;
  std::optional<std::uint64_t> retry_max_attempts = 70;  ///< nothing: unlimited
  bool retry_kill = false;
  std::optional<std::uint64_t> max_retry_attempts, max_journal_retention_ms,
      max_idempotency_retention_ms, max_workflow_completion_retention_ms;
};

/// What new invocations are checked against: an endpoint serves them if its range of protocol
/// versions overlaps with this one.
inline constexpr std::int32_t kMinProtocol = 5, kMaxProtocol = 7;

struct RetryPolicy {
  std::uint64_t initial_ms = 500;
  double factor = 2.0;
  std::uint64_t max_interval_ms = 60'000;
  std::optional<std::uint64_t> max_attempts = 70;
  bool kill = false;
  bool operator==(const RetryPolicy&) const = default;
};

/// Everything an attempt needs to know of its handler.
struct HandlerSettings {
  std::uint64_t inactivity_timeout_ms = 60'000, abort_timeout_ms = 600'000;
  bool lazy_state = false;
  RetryPolicy retry;
};

class Schema {
 public:
  std::uint64_t version = 0;
  std::map<DeploymentId, Deployment> deployments;
  KafkaClusters kafka_clusters;  ///< those made through the admin API
  std::map<SubscriptionId, Subscription> subscriptions;

  /// The revision that new invocations use, or null: the one with the highest number, and of two
  /// with the same number the one of the newer deployment.
  const ServiceRevision* find_service(std::string_view name) const;
  const Handler* find_handler(std::string_view service, std::string_view handler) const;
  const Deployment* find_deployment(const DeploymentId& id) const;
  /// The service as declared by one deployment, or null.
  const ServiceRevision* find_service_in(const DeploymentId& id, std::string_view service) const;
  /// Latest revision of every service, by name.
  std::vector<const ServiceRevision*> services() const;

  bool operator==(const Schema& other) const {
    return version == other.version && deployments == other.deployments &&
           kafka_clusters == other.kafka_clusters && subscriptions == other.subscriptions;
  }

 private:
  friend std::shared_ptr<const Schema> snapshot(Schema schema);

  /// Finds services without a walk over all deployments. Points into `deployments`, so a copy
  /// starts without one.
  struct Index {
    Index() = default;
    Index(const Index&) {}
    Index(Index&&) = default;
    Index& operator=(const Index&) {
      services.clear();
      built = false;
      return *this;
    }
    Index& operator=(Index&&) = default;

    std::unordered_map<std::string_view, const ServiceRevision*> services;
    bool built = false;
  };
  Index index_;
};

using SchemaPtr = std::shared_ptr<const Schema>;

/// What readers share: immutable from here on, and quick to look things up in.
SchemaPtr snapshot(Schema schema);

/// True unless the handler, or else its service, is kept from the ingress.
bool is_public(const ServiceRevision& service, const Handler& handler);

/// The target of a call to `service`/`handler`, resolved. `key` is ignored for plain services.
/// `kNotFound`: no such service or handler.
Result<wire::InvocationTarget> resolve_target(const Schema& schema, std::string_view service,
                                              std::string_view key, std::string_view handler,
                                              std::optional<std::string> scope);

/// How long a completed invocation and its journal are kept.
wire::Retention retention_of(const Schema& schema, const Defaults& defaults,
                             const wire::InvocationTarget& target, bool has_idempotency_key);

/// The settings of a handler in the revision of `deployment`.
HandlerSettings settings_of(const Schema& schema, const Defaults& defaults,
                            const DeploymentId& deployment, const wire::InvocationTarget& target);

/// JSON text for the metadata store and the log, and back (docs/formats/schema.md).
/// - `kCorrupt`: not what `encode` writes; members that are not known are skipped.
std::string encode(const Schema& schema);
Result<Schema> decode(std::string_view json);

/// A type of services as manifests and the admin API spell it.
std::string_view word(wire::ServiceType type);

}  // namespace restate::schema
