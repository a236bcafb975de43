#include <restate/endpoint.h>

#include "common/visibility.h"
#include "http/server.h"
#include "native/endpoint_handler.h"
#include "native/endpoint_identity.h"
#include "native/pool.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace restate {
namespace {

http::ServerOptions server_options() {
  http::ServerOptions options;
  // An attempt may be silent for as long as its handler waits.
  options.body_timeout = Duration::zero();
  return options;
}

Result<std::shared_ptr<const native::RequestVerifier>> make_verifier(
    const EndpointOptions& options) {
  if (options.min_protocol < native::kNativeMinProtocol ||
      options.max_protocol > native::kNativeMaxProtocol ||
      options.min_protocol > options.max_protocol) {
    return Error{Code::kInvalidArgument,
                 "opening an endpoint: it cannot offer the service protocol from " +
                     std::to_string(options.min_protocol) + " to " +
                     std::to_string(options.max_protocol)};
  }
  if (options.identity_keys.empty()) return std::shared_ptr<const native::RequestVerifier>();
  return native::RequestVerifier::from_keys(options.identity_keys);
}

}  // namespace

class RESTATE_HIDDEN Endpoint::Impl {
 public:
  Impl(Shard& shard, const EndpointOptions& options)
      : pool({.max_threads = options.handler_threads}),
        handler(shard, pool, {options.min_protocol, options.max_protocol}),
        server(shard, server_options(), handler) {
    auto verifier = make_verifier(options);
    if (!verifier) {
      wrong_options = std::move(verifier).error();
      // Nobody can have signed for no key: what arrives nevertheless is refused.
      verifier = native::RequestVerifier::from_keys({});
    }
    handler.require(*std::move(verifier));
  }

  Result<void> usable() const { return wrong_options ? *wrong_options : Result<void>(); }

  std::optional<Error> wrong_options;
  // The server dies first and takes the attempts along; then the threads have nobody to talk to.
  native::ThreadPool pool;
  native::EndpointHandler handler;
  http::Server server;
};

Endpoint::Endpoint(Shard& shard, EndpointOptions options)
    : impl_(std::make_unique<Impl>(shard, options)) {}
Endpoint::~Endpoint() = default;

Result<void> Endpoint::serve(ServiceDefinition service) {
  RESTATE_TRY_VOID(impl_->usable());
  auto registry = std::make_shared<native::ServiceRegistry>(*impl_->handler.services());
  RESTATE_TRY_VOID(registry->add(std::move(service)));
  impl_->handler.serve(std::move(registry));
  return {};
}

Result<Address> Endpoint::listen(const Address& address) {
  RESTATE_TRY_VOID(impl_->usable());
  return impl_->server.listen(address);
}

void Endpoint::accept(std::unique_ptr<Stream> stream) { impl_->server.accept(std::move(stream)); }

}  // namespace restate
