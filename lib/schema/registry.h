#pragma once

/// \file
/// How the registry changes: each function takes the registry as it is, and gives the one that
/// follows, or says why there is none. The admin API stores what it gets; native services go the
/// same way.

#include "schema/schema.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace restate::schema {

/// Why a change is refused. `code` is one of the `META` codes users look up, or empty.
struct RegistryError {
  int status = 400;  ///< of HTTP
  std::string code;
  std::string message;
};

template <class T>
class [[nodiscard]] RegistryResult {
 public:
  RegistryResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}              // NOLINT
  RegistryResult(RegistryError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const RegistryError& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, RegistryError> state_;
};

// -- What an endpoint says of itself --

struct DiscoveredHandler {
  std::string name;
  std::optional<wire::HandlerType> type;  ///< nothing: what is usual for the service's type
  InputRules input;
  OutputRules output;
  Options options;
  std::optional<std::string> documentation;
  std::map<std::string, std::string> metadata;
};

struct DiscoveredService {
  std::string name;
  wire::ServiceType type = wire::ServiceType::kService;
  std::vector<DiscoveredHandler> handlers;  ///< of two with one name the later one counts
  Options options;
  std::optional<std::string> documentation;
  std::map<std::string, std::string> metadata;
};

struct Discovered {
  ProtocolType protocol_type = ProtocolType::kBidiStream;
  HttpVersion http_version = HttpVersion::kHttp2;
  std::int32_t min_protocol = kMinProtocol, max_protocol = kMaxProtocol;
  std::optional<std::string> sdk_version;
  bool lambda_zstd = false;
  std::vector<DiscoveredService> services;
};

// -- Deployments --

/// Where a deployment is and how to speak to it, as its owner says.
struct Address {
  std::string uri;         ///< normalised; empty for Lambda
  std::string lambda_arn;  ///< empty for HTTP
  std::optional<std::string> assume_role_arn;
  std::vector<wire::Header> additional_headers;
};

/// The deployment at that address: same host, port and path, or same ARN. Scheme and query do not
/// count, and of the headers only those that choose among endpoints behind one address; of several
/// the newest is it. Null if there is none.
const Deployment* find_by_address(const Schema& schema, const Address& address,
                                  const std::vector<std::string>& routing_headers = {});

struct RegisterOptions {
  bool force = false;     ///< overwrite a deployment at that address; implies `breaking`
  bool breaking = false;  ///< services may change their type
  std::map<std::string, std::string> metadata;
  std::vector<std::string> routing_headers;  ///< as for `find_by_address`
  DeploymentId new_id;    ///< used if the address is new
  WallTime now;
};

struct Registration {
  Schema schema;
  DeploymentId id;
  bool created = false;  ///< the address was new
};

/// Adds a deployment, or overwrites the one at that address if forced; otherwise leaves that alone.
/// Every service gets the revision after the latest one known.
RegistryResult<Registration> register_deployment(Schema schema, const Address& address,
                                                 const Discovered& discovered,
                                                 const RegisterOptions& options);

/// Moves a deployment to `address`. Its services stay as they are, or are replaced if `overwrite`;
/// those it had before keep their revisions.
RegistryResult<Schema> update_deployment(Schema schema, const DeploymentId& id,
                                         const Address& address, const Discovered& discovered,
                                         bool overwrite);

RegistryResult<Schema> delete_deployment(Schema schema, const DeploymentId& id);

/// Where the one deployment of native services pretends to be.
inline constexpr std::string_view kInProcessUri = "http://in-process.invalid/";

/// Makes `services` what the in-process deployment `id` serves, beside those of earlier runs that are not
/// among them: they may be on their way. A service that is as before keeps its revision, so that a restart
/// changes nothing.
RegistryResult<Schema> register_in_process(Schema schema, const DeploymentId& id,
                                           const std::vector<DiscoveredService>& services,
                                           WallTime now);

// -- Services --

/// Edits of a service's options; what is absent stays.
struct ServicePatch {
  std::optional<bool> is_public;
  std::optional<std::uint64_t> idempotency_retention_ms, workflow_completion_retention_ms;
  std::optional<std::uint64_t> journal_retention_ms, inactivity_timeout_ms, abort_timeout_ms;
};

/// Changes the latest revision of a service in place.
RegistryResult<Schema> modify_service(Schema schema, std::string_view service,
                                      const ServicePatch& patch);

/// What a service must be beyond its syntax: names, handler types, retentions, content types. JSON
/// schemas are taken as they are: whoever read them from a manifest has checked them.
RegistryResult<ServiceRevision> validate(const DiscoveredService& service);

}  // namespace restate::schema
