#pragma once

/// \file
/// A stream inside a stream: OpenSSL between two memory BIOs. The same object performs the
/// handshake and carries the data afterwards.

#include <restate/runtime.h>

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace restate::connect {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;

class TlsStream final : public Stream, private StreamListener {
 public:
  /// `ssl` is set to its side (connect or accept); the stream is fresh.
  TlsStream(Shard& shard, std::unique_ptr<Stream> below, SslHandle ssl);

  /// Completes in a later task, and not at all once this is destroyed.
  void handshake(Function<void(Result<void>)> done);
  /// What ALPN agreed on.
  std::string protocol() const;

  void start(StreamListener& listener) override;
  void write(ByteChain chain) override;
  std::size_t unsent_bytes() const override { return below_->unsent_bytes(); }
  void pause() override;
  void resume() override;
  void shutdown_write() override;
  std::string peer() const override { return below_->peer(); }

 private:
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_error(const Error& error) override;
  void on_drained() override;

  void step_handshake();
  void finish_handshake(Result<void> result);
  void read();
  void encrypt(std::string_view text);
  void send_pending();
  void fail(Error error);
  void settle_pause();

  Shard& shard_;
  std::unique_ptr<Stream> below_;
  SslHandle ssl_;
  BIO* incoming_;  ///< owned by `ssl_`
  BIO* outgoing_;
  Function<void(Result<void>)> handshake_done_;
  StreamListener* listener_ = nullptr;
  bool paused_ = false;
  bool below_paused_ = false;
  bool peer_ended_ = false;    ///< below us; what it sent before is read first
  bool finished_ = false;      ///< the listener has heard the end or an error
  /// Set in the destructor, for the loop that calls the listener.
  std::shared_ptr<bool> destroyed_ = std::make_shared<bool>(false);
  Scope scope_;

 public:
  ~TlsStream() override;
};

}  // namespace restate::connect
