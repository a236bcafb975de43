#include "http/tunnel_stream.h"

#include <utility>

namespace restate::http {
namespace {

/// Proxies have little to say.
constexpr std::size_t kMaxAnswerBytes = 16 * 1024;

}  // namespace

TunnelStream::TunnelStream(Shard& shard, std::unique_ptr<Stream> below, const Proxy& proxy,
                           std::string authority)
    : shard_(shard),
      below_(std::move(below)),
      proxy_(proxy),
      authority_(std::move(authority)),
      reader_(Http1Reader::Side::kResponses, *this, kMaxAnswerBytes) {}

void TunnelStream::open(Function<void(Result<void>)> done) {
  done_ = std::move(done);
  std::string request = "CONNECT " + authority_ + " HTTP/1.1\r\nhost: " + authority_ + "\r\n";
  if (!proxy_.authorization.empty()) {
    request += "proxy-authorization: " + proxy_.authorization + "\r\n";
  }
  request += "\r\n";
  ByteChain chain;
  chain.push_back(Bytes(std::move(request)));
  below_->start(*this);
  below_->write(std::move(chain));
}

void TunnelStream::finish(Result<void> result) {
  below_->pause();  // whatever follows waits for its reader
  if (!result) result = std::move(result).error().within("the proxy " + proxy_.str());
  auto done = std::exchange(done_, nullptr);
  shard_.post(scope_.bind(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); }));
}

// -- Reading --

void TunnelStream::start(StreamListener& listener) {
  RESTATE_ASSERT(listener_ == nullptr, "a stream is started once");
  listener_ = &listener;
  resume();
}

void TunnelStream::pause() {
  paused_ = true;
  below_->pause();
}

void TunnelStream::resume() {
  paused_ = false;
  // Behind what is here already: until then nothing may overtake it.
  shard_.post(scope_.bind([this] { deliver_early(); }));
}

void TunnelStream::deliver_early() {
  if (paused_ || listener_ == nullptr) return;
  if (!early_.empty()) {
    const std::string data = std::exchange(early_, {});
    // The listener may destroy this; it may also pause, and then the rest waits for a resume.
    shard_.post(scope_.bind([this] { deliver_early(); }));
    return listener_->on_data(data);
  }
  if (early_error_) return listener_->on_error(*std::exchange(early_error_, std::nullopt));
  if (std::exchange(early_end_, false)) return listener_->on_end();
  below_->resume();
}

void TunnelStream::on_data(std::string_view data) {
  if (!done_) {
    if (listener_ != nullptr && !paused_ && early_.empty()) return listener_->on_data(data);
    early_ += data;
    return;
  }
  switch (reader_.read(data)) {
    case Http1Reader::Status::kOk:
      return;
    case Http1Reader::Status::kBad:
      return finish(Error{Code::kUnavailable, "did not answer as one"});
    case Http1Reader::Status::kStopped:
      break;
  }
  if (reader_.status() >= 300) {
    return finish(
        Error{Code::kUnavailable, "refused with status " + std::to_string(reader_.status())});
  }
  early_ += data;
  finish({});
}

void TunnelStream::on_end() {
  if (done_) return finish(Error{Code::kUnavailable, "closed the connection"});
  if (listener_ != nullptr && early_.empty()) return listener_->on_end();
  early_end_ = true;
}

void TunnelStream::on_error(const Error& error) {
  if (done_) return finish(error);
  if (listener_ != nullptr && early_.empty()) return listener_->on_error(error);
  early_error_ = error;
}

void TunnelStream::on_drained() {
  if (listener_ != nullptr) listener_->on_drained();
}

}  // namespace restate::http
