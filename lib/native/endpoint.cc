#include <restate/endpoint.h>

#include "http/server.h"
#include "native/endpoint_handler.h"
#include "native/pool.h"

#include <utility>

namespace restate {
namespace {

http::ServerOptions server_options() {
  http::ServerOptions options;
  // An attempt may be silent for as long as its handler waits.
  options.body_timeout = Duration::zero();
  return options;
}

}  // namespace

class Endpoint::Impl {
 public:
  Impl(Shard& shard, const EndpointOptions& options)
      : pool({.max_threads = options.handler_threads}),
        handler(shard, pool),
        server(shard, server_options(), handler) {}

  // The server dies first and takes the attempts along; then the threads have nobody to talk to.
  native::ThreadPool pool;
  native::EndpointHandler handler;
  http::Server server;
};

Endpoint::Endpoint(Shard& shard, EndpointOptions options)
    : impl_(std::make_unique<Impl>(shard, options)) {}
Endpoint::~Endpoint() = default;

Result<void> Endpoint::serve(ServiceDefinition service) {
  auto registry = std::make_shared<native::ServiceRegistry>(*impl_->handler.services());
  RESTATE_TRY_VOID(registry->add(std::move(service)));
  impl_->handler.serve(std::move(registry));
  return {};
}

Result<Address> Endpoint::listen(const Address& address) { return impl_->server.listen(address); }
void Endpoint::accept(std::unique_ptr<Stream> stream) { impl_->server.accept(std::move(stream)); }

}  // namespace restate
