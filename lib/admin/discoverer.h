#pragma once

/// \file
/// Asks an endpoint what it serves.

#include "http/client.h"
#include "protocol/discovery.h"
#include "protocol/identity.h"
#include "schema/registry.h"

#include <restate/completion.h>
#include <restate/runtime.h>

#include <list>
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

struct HttpDiscovererOptions {
  /// Sent with every request, before those of the deployment.
  std::vector<wire::Header> additional_headers;
  /// Null: requests are not signed.
  std::shared_ptr<const protocol::RequestIdentity> identity;
  Duration timeout = std::chrono::seconds(30);  ///< of one try
  std::size_t max_body_bytes = 8 * 1024 * 1024;
};

/// Discovery over HTTP. Tries again what may pass: connections and overloaded endpoints.
class HttpDiscoverer final : public Discoverer {
 public:
  /// `client` outlives this object.
  HttpDiscoverer(Shard& shard, http::Client& client, HttpDiscovererOptions options);
  ~HttpDiscoverer() override;

  void discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) override;

 private:
  class Task;
  void finish(Task& task);

  Shard& shard_;
  http::Client& client_;
  HttpDiscovererOptions options_;
  std::list<std::unique_ptr<Task>> tasks_;
  Scope scope_;
};

/// A manifest as the registry takes it.
schema::Discovered to_discovered(const protocol::Manifest& manifest, schema::HttpVersion version);

}  // namespace restate::admin
