#include "connect/tls_stream.h"

#include "connect/tls_error.h"

#include <openssl/err.h>

#include <array>
#include <utility>

namespace restate::connect {
namespace {

/// The largest plaintext of a TLS record.
constexpr std::size_t kRecordBytes = 16 * 1024;

}  // namespace

TlsStream::TlsStream(Shard& shard, std::unique_ptr<Stream> below, SslHandle ssl)
    : shard_(shard),
      below_(std::move(below)),
      ssl_(std::move(ssl)),
      incoming_(BIO_new(BIO_s_mem())),
      outgoing_(BIO_new(BIO_s_mem())) {
  RESTATE_ASSERT(incoming_ != nullptr && outgoing_ != nullptr, "out of memory");
  BIO_set_mem_eof_return(incoming_, -1);  // empty means: ask again, not: the end
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
}

TlsStream::~TlsStream() {
  *destroyed_ = true;
}

// -- The handshake --

void TlsStream::handshake(Function<void(Result<void>)> done) {
  handshake_done_ = std::move(done);
  below_->start(*this);
  step_handshake();
}

void TlsStream::step_handshake() {
  if (!handshake_done_) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int error = SSL_get_error(ssl_.get(), result);
  Result<void> outcome;
  if (result != 1 && error != SSL_ERROR_WANT_READ) outcome = handshake_error(ssl_.get());
  send_pending();
  if (result == 1 || !outcome) finish_handshake(std::move(outcome));
}

void TlsStream::finish_handshake(Result<void> result) {
  auto done = std::exchange(handshake_done_, nullptr);
  settle_pause();  // whatever follows waits for its reader
  shard_.post(scope_.bind(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); }));
}

std::string TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

// -- Reading --

void TlsStream::start(StreamListener& listener) {
  RESTATE_ASSERT(listener_ == nullptr, "a stream is started once");
  listener_ = &listener;
  resume();
}

void TlsStream::pause() {
  paused_ = true;
  settle_pause();
}

void TlsStream::resume() {
  paused_ = false;
  settle_pause();
  // What is decrypted, or waits to be, produces no event below.
  shard_.post(scope_.bind([this] { read(); }));
}

void TlsStream::settle_pause() {
  const bool wanted = paused_ || (listener_ == nullptr && !handshake_done_);
  if (wanted == below_paused_) return;
  below_paused_ = wanted;
  wanted ? below_->pause() : below_->resume();
}

void TlsStream::on_data(std::string_view data) {
  BIO_write(incoming_, data.data(), static_cast<int>(data.size()));
  handshake_done_ ? step_handshake() : read();
}

void TlsStream::read() {
  if (listener_ == nullptr || finished_) return;
  const std::shared_ptr<bool> destroyed = destroyed_;
  std::array<char, kRecordBytes> plain;
  while (!paused_ && !finished_) {
    ERR_clear_error();
    const int size = SSL_read(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
    if (size > 0) {
      listener_->on_data({plain.data(), static_cast<std::size_t>(size)});
      if (*destroyed) return;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), size);
    if (error == SSL_ERROR_WANT_READ) {
      if (peer_ended_) {
        // Without a goodbye the end may be anybody's doing.
        fail({Code::kUnavailable, "the connection ended without a TLS close_notify"});
      }
      break;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
      finished_ = true;
      listener_->on_end();
    } else {
      fail({Code::kUnavailable, "TLS failed: " + take_openssl_errors()});
    }
    break;
  }
  if (*destroyed) return;
  send_pending();  // reading may ask for an answer: a key update, an alert
}

void TlsStream::on_end() {
  peer_ended_ = true;
  if (handshake_done_) {
    return finish_handshake(
        Error{Code::kUnavailable, "the connection ended in the middle of the TLS handshake"});
  }
  read();
}

void TlsStream::on_error(const Error& error) {
  if (handshake_done_) return finish_handshake(error);
  if (listener_ == nullptr) {
    peer_ended_ = true;  // told when somebody listens
    return;
  }
  fail(error);
}

void TlsStream::fail(Error error) {
  if (std::exchange(finished_, true)) return;
  listener_->on_error(error);
}

void TlsStream::on_drained() {
  if (listener_ != nullptr && !finished_) listener_->on_drained();
}

// -- Writing --

void TlsStream::write(ByteChain chain) {
  // Every SSL_write makes a record: small pieces go together.
  std::string gathered;
  for (const Bytes& piece : chain) {
    std::string_view text = piece.view();
    if (gathered.empty() && text.size() >= kRecordBytes) {
      encrypt(text);
      continue;
    }
    while (!text.empty()) {
      const std::string_view part = text.substr(0, kRecordBytes - gathered.size());
      gathered.append(part);
      text.remove_prefix(part.size());
      if (gathered.size() < kRecordBytes) continue;
      encrypt(gathered);
      gathered.clear();
    }
  }
  encrypt(gathered);
  send_pending();
}

void TlsStream::encrypt(std::string_view text) {
  if (text.empty() || finished_) return;
  ERR_clear_error();
  // Into memory, so it takes all or fails; it fails only when the connection is dead, and then
  // reading says so, too.
  SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
}

void TlsStream::send_pending() {
  char* data = nullptr;
  const long size = BIO_get_mem_data(outgoing_, &data);
  if (size <= 0) return;
  ByteChain chain;
  chain.push_back(Bytes::copy(data, static_cast<std::size_t>(size)));
  BIO_reset(outgoing_);
  below_->write(std::move(chain));
}

void TlsStream::shutdown_write() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  send_pending();
  below_->shutdown_write();
}

}  // namespace restate::connect
