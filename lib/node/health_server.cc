#include "node/health_server.h"

#include "common/duration_text.h"

#include <nlohmann/json.hpp>

namespace restate::node {
namespace {

using nlohmann::json;

constexpr std::string_view kMetricsType = "text/plain; charset=utf-8";

/// Only metrics tell enough to be worth a token.
http::BearerGuard::Options guard_options() {
  http::BearerGuard::Options options;
  options.is_open = [](const http::RequestHead& head) { return head.path() != "/metrics"; };
  options.body = "this server wants the header 'authorization: Bearer <token>'";
  options.body_type = "text/plain; charset=utf-8";
  return options;
}

void add_addresses(const char* name, const std::vector<Address>& addresses,
                   const std::string& advertised, json& health) {
  std::string reached_at = advertised;
  for (const Address& address : addresses) {
    health["bound_addresses"].push_back({{"name", name},
                                         {"address", address.str()},
                                         {"kind", address.is_unix() ? "unix" : "tcp"}});
    if (!reached_at.empty() || address.is_unix()) continue;
    const bool any = address.host == "0.0.0.0" || address.host == "::";
    reached_at = "http://" + (any ? std::string("127.0.0.1") : address.host) + ":" +
                 std::to_string(address.port) + "/";
  }
  if (addresses.empty() || reached_at.empty()) return;
  health["advertised_addresses"].push_back(
      {{"name", name}, {"address", reached_at}, {"kind", "http"}});
}

}  // namespace

HealthServer::HealthServer(Shard& shard, const Config& config, GenerationalNodeId id,
                           Sources sources)
    : shard_(shard),
      config_(config),
      id_(id),
      started_(shard.now()),
      sources_(std::move(sources)),
      handler_(64 * 1024,
               [this](const http::RequestHead& head, Bytes, http::Responder responder) {
                 answer(head, std::move(responder));
               }),
      guard_(config.metrics_token.token, guard_options(), handler_),
      server_(shard, {}, guard_) {}

void HealthServer::answer(const http::RequestHead& head, http::Responder responder) {
  const std::string_view path = head.path();
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (reads && path == "/health") {
    return responder.respond(200, "application/json", Bytes(health()));
  }
  if (reads && path == "/metrics") {
    return sources_.metrics([responder = std::move(responder)](std::string page) mutable {
      responder.respond(200, kMetricsType, Bytes(std::move(page)));
    });
  }
  responder.respond(404, "", {});
}

std::string HealthServer::health() {
  const Now now = sources_.now();
  const auto age = std::chrono::duration_cast<milliseconds>(shard_.now() - started_).count();
  const auto status = [this](const char* role, const char* value) {
    return config_.roles.contains(role) ? value : "Unknown";
  };
  json health;
  health["status"] = "Alive";
  health["node_id"] = id_.str();
  health["cluster_name"] = config_.cluster_name;
  health["roles"] = config_.roles;
  health["age"] = duration_text(static_cast<std::uint64_t>(age));
  health["admin_status"] = status("admin", "Ready");
  health["worker_status"] = status("worker", now.ready ? "Ready" : "Starting up");
  health["log_server_status"] = status("log-server", "Ready");
  health["metadata_server_status"] = status("metadata-server", "Member");
  health["nodes_config_version"] = now.documents->nodes();
  health["logs_version"] = now.documents->logs();
  health["schema_version"] = now.schema_version;
  health["partition_table_version"] = now.documents->partitions();
  health["bound_addresses"] = json::array();
  health["advertised_addresses"] = json::array();
  add_addresses("http-ingress-server", now.bound->ingress,
                config_.ingress_listener.advertised_address, health);
  add_addresses("admin-api-server", now.bound->admin, config_.admin_listener.advertised_address,
                health);
  add_addresses("message-fabric-server", now.bound->node, config_.node_listener.advertised_address,
                health);
  return health.dump();
}

}  // namespace restate::node
