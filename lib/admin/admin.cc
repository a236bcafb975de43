#include "admin/admin.h"

namespace restate::admin {

Admin::Admin(Shard& shard, AdminOptions options, Parts parts)
    : options_(std::move(options)),
      deployments_(shard, options_, parts.registry, parts.discoverer),
      services_(shard, options_, parts.registry, parts.client),
      invocations_(shard, options_, parts.client),
      rules_(shard, parts.rules),
      kafka_(shard, options_, parts.registry, std::move(parts.troubles)),
      meta_(options_, parts.client, router_),
      ui_(options_),
      handler_(options_.request_size_limit,
               [this](const http::RequestHead& head, Bytes body, http::Responder responder) {
                 router_.route(Call(head, std::move(body), std::move(responder)));
               }),
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

Result<Address> Admin::listen(const Address& address) {
  if (!server_) server_ = std::make_unique<http::Server>(shard_, http::ServerOptions{}, handler_);
  auto used = server_->listen(address);
  if (used) ui_.on_listening(*used);
  return used;
}

void Admin::accept(std::unique_ptr<Stream> stream) {
  if (!server_) server_ = std::make_unique<http::Server>(shard_, http::ServerOptions{}, handler_);
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
