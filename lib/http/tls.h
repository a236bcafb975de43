#pragma once

/// \file
/// How HTTP asks for TLS without knowing a TLS library. `connect` implements it.

#include <restate/runtime.h>

#include <memory>
#include <string>

namespace restate::http {

/// What the client offers by ALPN. `kNone` sends no such extension.
enum class Alpn : std::uint8_t { kNone, kHttp2, kHttp2OrHttp1 };

struct TlsTarget {
  /// The name in the SNI extension; the certificate must be valid for it.
  std::string server_name;
  Alpn alpn = Alpn::kNone;
};

/// A stream after its handshake.
struct SecureStream {
  std::unique_ptr<Stream> stream;
  std::string alpn;  ///< what was agreed on, such as `h2`; empty if nothing was
};

/// Completes with the stream, or with `kUnauthenticated` if the certificate is not to be trusted,
/// `kFailedPrecondition` if the two have no protocol in common, `kUnavailable` if the connection
/// failed. Never called inside the call that started the handshake, which may be destroyed in it.
using Secured = Function<void(Result<SecureStream>)>;

/// Client side. One object serves all shards; a handshake belongs to one.
class TlsConnector {
 public:
  virtual ~TlsConnector() = default;
  /// Takes a fresh stream (not started) through a handshake. Destroying the result gives up.
  virtual std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                             const TlsTarget& target, Secured done) = 0;
};

/// Server side; answers ALPN with `h2` or `http/1.1`.
class TlsAcceptor {
 public:
  virtual ~TlsAcceptor() = default;
  virtual std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                             Secured done) = 0;
};

}  // namespace restate::http
