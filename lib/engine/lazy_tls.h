#pragma once

/// \file
/// TLS for an engine that may never need it: the trust store of the system takes longer to read than
/// everything else that an engine opens, so it is read for the first connection.

#include "http/tls.h"

#include <memory>
#include <mutex>

namespace restate::engine {

class LazyTls final : public http::TlsConnector {
 public:
  /// If TLS cannot be set up, every handshake fails for that reason.
  std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                     const http::TlsTarget& target, http::Secured done) override;

 private:
  Result<http::TlsConnector*> connector();

  std::mutex mutex_;  ///< shards may meet here, once
  std::unique_ptr<http::TlsConnector> connector_;
};

}  // namespace restate::engine
