#pragma once

/// \file
/// For handlers that want the whole body and answer once: most of ours.

#include "http/server.h"

#include <memory>
#include <string>

namespace restate::http {

class BufferedRequest;

/// The one answer to a request. May be kept and used later on the same shard; harmless when the
/// client has gone. Dropping it unanswered resets the stream.
class Responder {
 public:
  Responder() = default;
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  /// False once it is answered, or the client has gone: the work may be dropped.
  explicit operator bool() const { return request_ != nullptr; }

  void respond(ResponseHead head, Bytes body);
  /// With a content type, if `content_type` is not empty.
  void respond(int status, std::string_view content_type, Bytes body);

  /// A response in pieces; see `ServerStream`. What is written after the client went away vanishes.
  void start(ResponseHead head);
  void write(Bytes data);
  void finish();
  std::size_t unsent_bytes() const;

  /// Called once if the client goes away before the answer is complete.
  void on_gone(Function<void()> callback);
  /// Called whenever a streaming response has room again; see `ServerRequest::on_drained`.
  void on_drained(Function<void()> callback);

 private:
  friend class BufferedRequest;
  explicit Responder(BufferedRequest& request);
  BufferedRequest* request_ = nullptr;
};

/// Collects bodies up to a limit; above it answers 413 `length limit exceeded`, before the body is
/// read if its length was announced.
class BufferedHandler final : public ServerHandler {
 public:
  using Handle = Function<void(RequestHead head, Bytes body, Responder responder)>;

  BufferedHandler(std::size_t max_body_bytes, Handle handle)
      : max_body_bytes_(max_body_bytes), handle_(std::move(handle)) {}

  std::unique_ptr<ServerRequest> on_request(RequestHead head, ServerStream& stream) override;

 private:
  friend class BufferedRequest;
  std::size_t max_body_bytes_;
  Handle handle_;
};

/// Answers 413 as every surface of ours does.
void respond_too_large(ServerStream& stream);

}  // namespace restate::http
