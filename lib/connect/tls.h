#pragma once

/// \file
/// TLS by OpenSSL, for the HTTP client and for listeners. One connector or acceptor serves all
/// shards; what belongs to a connection stays on its shard.

#include <restate/result.h>

#include "http/tls.h"

#include <memory>
#include <string>

namespace restate::connect {

/// TLS 1.2 and up. Certificates are verified against the trust store of the system, or what the
/// environment names instead (`SSL_CERT_FILE`, `SSL_CERT_DIR`; OpenSSL reads them here), and must
/// be valid for the name or the address asked for. There is no way to skip that.
/// - `kInternal`: OpenSSL could not be set up.
Result<std::unique_ptr<http::TlsConnector>> make_tls_connector();

struct TlsServerOptions {
  std::string certificate_file;  ///< PEM; the server's own first, then the chain
  std::string key_file;          ///< PEM
};

/// TLS 1.2 and up; of the protocols a client offers takes `h2` before `http/1.1`, and none if it
/// offers neither.
/// - `kInvalidArgument`: a file cannot be read, or the key does not fit the certificate.
Result<std::unique_ptr<http::TlsAcceptor>> make_tls_acceptor(const TlsServerOptions& options);

}  // namespace restate::connect
