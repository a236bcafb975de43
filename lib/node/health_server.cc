#include "node/health_server.h"

#include "node/config_values.h"

#include <nlohmann/json.hpp>

namespace restate::node {

namespace {

/// Only metrics tell enough to be worth a token.
http::BearerGuard::Options guard_options() {
  http::BearerGuard::Options options;
  options.is_open = [](const http::RequestHead& head) { return head.path() != "/metrics"; };
  options.body = "this server wants the header 'authorization: Bearer <token>'";
  options.body_type = "text/plain; charset=utf-8";
  return options;
}

}  // namespace

HealthServer::HealthServer(Shard& shard, const Config& config, GenerationalNodeId id)
    : shard_(shard),
      config_(config),
      id_(id),
      started_(shard.now()),
      handler_(64 * 1024,
               [this](const http::RequestHead& head, Bytes, http::Responder responder) {
                 answer(head, std::move(responder));
               }),
      guard_(config.metrics_token.token, guard_options(), handler_),
      server_(shard, {}, guard_) {}

void HealthServer::answer(const http::RequestHead& head, http::Responder responder) {
  if (head.target != "/health" || (head.method != "GET" && head.method != "HEAD")) {
    responder.respond(404, "", {});
    return;
  }
  const auto age = std::chrono::duration_cast<milliseconds>(shard_.now() - started_).count();
  nlohmann::json health;
  health["status"] = "Alive";
  health["node_id"] = id_.str();
  health["cluster_name"] = config_.cluster_name;
  health["roles"] = config_.roles;
  health["age"] = format_duration_ms(static_cast<std::uint64_t>(age));
  responder.respond(200, "application/json", Bytes(health.dump()));
}

}  // namespace restate::node
