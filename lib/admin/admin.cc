#include "admin/admin.h"

#include <algorithm>
#include <array>

namespace restate::admin {
namespace {

/// Health checks come from whoever watches the process, and tell nothing else. The page is the same
/// for everybody, and asks for the token.
http::BearerGuard::Options guard_options() {
  http::BearerGuard::Options options;
  options.is_open = [](const http::RequestHead& head) {
    constexpr std::array kOpen{"/health", "/v2/health", "/v3/health", "/v4/health"};
    const std::string_view path = head.path();
    if (path == "/" || path == "/ui" || path.starts_with("/ui/")) return true;
    return std::find(kOpen.begin(), kOpen.end(), path) != kOpen.end();
  };
  options.body = schema::json_text(
      error_body({}, "This server wants the header 'authorization: Bearer <token>'"));
  options.body_type = "application/json";
  return options;
}

}  // namespace

Admin::Admin(Shard& shard, AdminOptions options, Parts parts)
    : options_(std::move(options)),
      deployments_(shard, options_, parts.registry, parts.discoverer),
      services_(shard, options_, parts.registry, parts.client),
      invocations_(shard, options_, parts.client),
      rules_(shard, parts.rules),
      kafka_(shard, options_, parts.registry, std::move(parts.troubles)),
      meta_(shard, options_, parts.client),
      ui_(options_),
      handler_(options_.request_size_limit,
               [this](const http::RequestHead& head, Bytes body, http::Responder responder) {
                 route(Call(head, std::move(body), std::move(responder)));
               }),
      guard_(options_.bearer_token, guard_options(), handler_),
      shard_(shard) {
  meta_.add_to(router_);
  deployments_.add_to(router_);
  services_.add_to(router_);
  invocations_.add_to(router_);
  rules_.add_to(router_);
  kafka_.add_to(router_);
  ui_.add_to(router_);
}

Admin::~Admin() = default;

void Admin::route(Call call) {
  if (options_.concurrent_requests && *in_flight_ >= *options_.concurrent_requests) {
    return call.error(429, {}, "Too many requests of this API are under way; try again later");
  }
  ++*in_flight_;
  // Given back with the call, wherever that ends up.
  call.hold(std::shared_ptr<void>(nullptr, [count = in_flight_](void*) { --*count; }));
  router_.route(std::move(call));
}

void Admin::reconfigure(const AdminOptions& options) {
  options_.defaults = options.defaults;
  options_.bearer_token = options.bearer_token;
  options_.concurrent_requests = options.concurrent_requests;
  options_.deployment_routing_headers = options.deployment_routing_headers;
  guard_.set_token(options_.bearer_token);
}

Result<Address> Admin::listen(const Address& address) {
  if (!server_) server_ = std::make_unique<http::Server>(shard_, http::ServerOptions{}, guard_);
  auto used = server_->listen(address);
  if (used) ui_.on_listening(*used);
  return used;
}

void Admin::accept(std::unique_ptr<Stream> stream) {
  if (!server_) server_ = std::make_unique<http::Server>(shard_, http::ServerOptions{}, guard_);
  server_->accept(std::move(stream));
}

void Admin::stop(Completion<void> done) {
  if (!server_) {
    shard_.post([done = std::move(done)]() mutable { done({}); });
    return;
  }
  server_->close(options_.shutdown_grace, std::move(done));
}

}  // namespace restate::admin
