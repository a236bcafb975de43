#include "http/buffered_handler.h"

#include <string>
#include <utility>

namespace restate::http {

/// Gathers a body, then stands between the stream and the responder, either of which may go first.
class BufferedRequest final : public ServerRequest {
 public:
  BufferedRequest(BufferedHandler& handler, RequestHead head, ServerStream& stream)
      : handler_(handler), head_(std::move(head)), stream_(stream) {}
  ~BufferedRequest() override {
    if (responder_ != nullptr) responder_->request_ = nullptr;
  }

  void on_body(Bytes data) override {
    if (answered_) return;
    size_ += data.size();
    if (size_ > handler_.max_body_bytes_) {
      answered_ = true;
      pieces_.clear();
      return respond_too_large(stream_);
    }
    pieces_.push_back(std::move(data));
  }

  void on_body_end() override {
    if (answered_) return;
    Bytes body;
    if (pieces_.size() == 1) {
      body = std::move(pieces_.front());
    } else if (!pieces_.empty()) {
      body = Bytes(join(pieces_));
    }
    pieces_.clear();
    Responder responder(*this);
    handler_.handle_(std::move(head_), std::move(body), std::move(responder));
  }

  void on_drained() override {
    if (drained_) drained_();
  }

  void on_closed() override {
    if (responder_ != nullptr) std::exchange(responder_, nullptr)->request_ = nullptr;
    if (gone_ && !answered_) std::exchange(gone_, nullptr)();
  }

 private:
  friend class Responder;
  BufferedHandler& handler_;
  RequestHead head_;  ///< until it is handed on
  ServerStream& stream_;
  ByteChain pieces_;
  std::size_t size_ = 0;
  Responder* responder_ = nullptr;
  bool answered_ = false;
  Function<void()> gone_;
  Function<void()> drained_;
};

std::unique_ptr<ServerRequest> BufferedHandler::on_request(RequestHead head, ServerStream& stream) {
  if (head.content_length().value_or(0) > max_body_bytes_) {
    respond_too_large(stream);
    return nullptr;
  }
  return std::make_unique<BufferedRequest>(*this, std::move(head), stream);
}

void respond_too_large(ServerStream& stream) {
  stream.respond({413, {{"content-type", "text/plain; charset=utf-8"}}},
                 Bytes::literal("length limit exceeded"));
}

Responder::Responder(BufferedRequest& request) : request_(&request) { request.responder_ = this; }

Responder::Responder(Responder&& other) noexcept
    : request_(std::exchange(other.request_, nullptr)) {
  if (request_ != nullptr) request_->responder_ = this;
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this == &other) return *this;
  Responder old(std::move(*this));  // resets its stream if it was never answered
  request_ = std::exchange(other.request_, nullptr);
  if (request_ != nullptr) request_->responder_ = this;
  return *this;
}

Responder::~Responder() {
  if (request_ == nullptr) return;
  request_->responder_ = nullptr;
  if (request_->answered_) return;
  request_->answered_ = true;
  request_->stream_.reset();
}

void Responder::respond(ResponseHead head, Bytes body) {
  if (request_ == nullptr) return;
  BufferedRequest& request = *std::exchange(request_, nullptr);
  request.responder_ = nullptr;
  request.answered_ = true;
  request.stream_.respond(std::move(head), std::move(body));
}

void Responder::respond(int status, std::string_view content_type, Bytes body) {
  ResponseHead head{status, {}};
  if (!content_type.empty()) head.headers.add("content-type", std::string(content_type));
  respond(std::move(head), std::move(body));
}

void Responder::start(ResponseHead head) {
  if (request_ != nullptr) request_->stream_.start(std::move(head));
}

void Responder::write(Bytes data) {
  if (request_ != nullptr) request_->stream_.write(std::move(data));
}

void Responder::finish() {
  if (request_ == nullptr) return;
  BufferedRequest& request = *std::exchange(request_, nullptr);
  request.responder_ = nullptr;
  request.answered_ = true;
  request.stream_.finish();
}

std::size_t Responder::unsent_bytes() const {
  return request_ == nullptr ? 0 : request_->stream_.unsent_bytes();
}

void Responder::on_gone(Function<void()> callback) {
  if (request_ != nullptr) request_->gone_ = std::move(callback);
}

void Responder::on_drained(Function<void()> callback) {
  if (request_ != nullptr) request_->drained_ = std::move(callback);
}

}  // namespace restate::http
