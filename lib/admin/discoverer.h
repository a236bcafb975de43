#pragma once

/// \file
/// Asks an endpoint what it serves.

#include "http/client.h"
#include "invoker/lambda.h"
#include "protocol/discovery.h"
#include "protocol/identity.h"
#include "schema/registry.h"

#include <restate/completion.h>
#include <restate/runtime.h>

#include <map>
#include <memory>
#include <variant>
#include <vector>

namespace restate::admin {

struct DiscoveryRequest {
  schema::Address address;
  bool use_http11 = false;
};

/// Found, or why not; the completion itself fails only when the engine closes.
using DiscoveryOutcome = std::variant<schema::Discovered, schema::RegistryError>;

class Discoverer {
 public:
  virtual ~Discoverer() = default;
  virtual void discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) = 0;
};

struct DiscovererOptions {
  /// Sent with every request, before those of the deployment.
  std::vector<wire::Header> additional_headers;
  /// Null: requests are not signed.
  std::shared_ptr<const protocol::RequestIdentity> identity;
  Duration timeout = std::chrono::seconds(30);  ///< of one try
  std::size_t max_body_bytes = 8 * 1024 * 1024;
  /// For functions; outlives the discoverer. Null: they are refused.
  invoker::LambdaClient* lambda = nullptr;
};

class DiscoveryTask;

/// Discovery over HTTP, and through AWS Lambda. Tries again what may pass: connections and
/// overloaded endpoints.
class NetworkDiscoverer final : public Discoverer {
 public:
  /// `client` outlives this object.
  NetworkDiscoverer(Shard& shard, http::Client& client, DiscovererOptions options);
  ~NetworkDiscoverer() override;

  void discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) override;

 private:
  Shard& shard_;
  http::Client& client_;
  DiscovererOptions options_;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<DiscoveryTask>> tasks_;
  Scope scope_;
};

/// A manifest as the registry takes it.
schema::Discovered to_discovered(const protocol::Manifest& manifest, schema::HttpVersion version);

}  // namespace restate::admin
