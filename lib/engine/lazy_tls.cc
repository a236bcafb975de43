#include "engine/lazy_tls.h"

#include "connect/tls.h"

#include <utility>

namespace restate::engine {
namespace {

/// A handshake that has failed, and tells so in a moment.
struct FailedHandshake final : Connecting {
  Scope scope;
};

}  // namespace

Result<http::TlsConnector*> LazyTls::connector() {
  const std::lock_guard lock(mutex_);
  if (!connector_) {
    RESTATE_TRY(connector_, connect::make_tls_connector());
  }
  return connector_.get();
}

std::unique_ptr<Connecting> LazyTls::secure(Shard& shard, std::unique_ptr<Stream> stream,
                                            const http::TlsTarget& target, http::Secured done) {
  auto made = connector();
  if (made) return (*made)->secure(shard, std::move(stream), target, std::move(done));
  auto failed = std::make_unique<FailedHandshake>();
  shard.post(failed->scope.bind([done = std::move(done), error = std::move(made).error()]() mutable {
    done(std::move(error));
  }));
  return failed;
}

}  // namespace restate::engine
