#include "connect/tls.h"

#include "connect/tls_error.h"
#include "connect/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string_view>
#include <utility>

namespace restate::connect {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

// In the wire form of ALPN: each name after its length.
constexpr std::string_view kOfferHttp2 = "\x02h2";
constexpr std::string_view kOfferBoth = "\x02h2\x08http/1.1";

Result<Context> make_context(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method));
  if (context == nullptr) {
    return Error{Code::kInternal, "OpenSSL made no context: " + take_openssl_errors()};
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle connections are many; their buffers need not be.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

/// A handshake under way, then its stream.
class Handshake final : public Connecting {
 public:
  Handshake(Shard& shard, std::unique_ptr<Stream> below, SslHandle ssl, http::Secured done)
      : stream_(std::make_unique<TlsStream>(shard, std::move(below), std::move(ssl))),
        done_(std::move(done)) {
    stream_->handshake([this](Result<void> result) { finish(std::move(result)); });
  }

 private:
  void finish(Result<void> result) {
    http::Secured done = std::move(done_);  // may destroy this
    if (!result) return done(std::move(result).error());
    std::string protocol = stream_->protocol();
    done(http::SecureStream{std::move(stream_), std::move(protocol)});
  }

  std::unique_ptr<TlsStream> stream_;
  http::Secured done_;
};

class Connector final : public http::TlsConnector {
 public:
  explicit Connector(Context context) : context_(std::move(context)) {}

  std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                     const http::TlsTarget& target, http::Secured done) override {
    SslHandle ssl(SSL_new(context_.get()));
    RESTATE_ASSERT(ssl != nullptr, "out of memory");
    SSL_set_connect_state(ssl.get());
    SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);
    // An address is compared with the addresses of the certificate, and is no name to send.
    const char* name = target.server_name.c_str();
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name) != 1) {
      SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      RESTATE_ASSERT(SSL_set1_host(ssl.get(), name) == 1, "out of memory");
      SSL_set_tlsext_host_name(ssl.get(), name);
    }
    switch (target.alpn) {
      case http::Alpn::kNone:
        break;
      case http::Alpn::kHttp2:
        offer(ssl.get(), kOfferHttp2);
        break;
      case http::Alpn::kHttp2OrHttp1:
        offer(ssl.get(), kOfferBoth);
        break;
    }
    return std::make_unique<Handshake>(shard, std::move(stream), std::move(ssl), std::move(done));
  }

 private:
  static void offer(SSL* ssl, std::string_view protocols) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  }

  Context context_;
};

class Acceptor final : public http::TlsAcceptor {
 public:
  explicit Acceptor(Context context) : context_(std::move(context)) {
    SSL_CTX_set_alpn_select_cb(context_.get(), &Acceptor::choose, nullptr);
  }

  std::unique_ptr<Connecting> secure(Shard& shard, std::unique_ptr<Stream> stream,
                                     http::Secured done) override {
    SslHandle ssl(SSL_new(context_.get()));
    RESTATE_ASSERT(ssl != nullptr, "out of memory");
    SSL_set_accept_state(ssl.get());
    return std::make_unique<Handshake>(shard, std::move(stream), std::move(ssl), std::move(done));
  }

 private:
  static int choose(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(
        &chosen, out_size, reinterpret_cast<const unsigned char*>(kOfferBoth.data()),
        static_cast<unsigned>(kOfferBoth.size()), offered, offered_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }

  Context context_;
};

}  // namespace

std::string take_openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    text += (text.empty() ? "" : ", ") + std::string(reason == nullptr ? "unknown" : reason);
  }
  return text.empty() ? "the connection was closed" : text;
}

Error handshake_error(SSL* ssl) {
  const std::string reasons = take_openssl_errors();
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) {
    return {Code::kUnauthenticated, std::string("the certificate is not to be trusted: ") +
                                        X509_verify_cert_error_string(verified)};
  }
  return {Code::kFailedPrecondition, "the TLS handshake failed: " + reasons};
}

Result<std::unique_ptr<http::TlsConnector>> make_tls_connector() {
  RESTATE_TRY(auto context, make_context(TLS_client_method()));
  if (SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return Error{Code::kInternal, "reading the trust store failed: " + take_openssl_errors()};
  }
  ERR_clear_error();  // a store that is missing or partly broken leaves remarks behind
  return std::unique_ptr<http::TlsConnector>(std::make_unique<Connector>(std::move(context)));
}

Result<std::unique_ptr<http::TlsAcceptor>> make_tls_acceptor(const TlsServerOptions& options) {
  RESTATE_TRY(auto context, make_context(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
    return Error{Code::kInvalidArgument, "reading the certificate " + options.certificate_file +
                                             " failed: " + take_openssl_errors()};
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Error{Code::kInvalidArgument,
                 "using the key " + options.key_file +
                     " with its certificate failed: " + take_openssl_errors()};
  }
  return std::unique_ptr<http::TlsAcceptor>(std::make_unique<Acceptor>(std::move(context)));
}

}  // namespace restate::connect
