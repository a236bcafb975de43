#include "uv/uv_stream.h"

#include "uv/uv_network.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace restate::uv {
namespace {

constexpr std::size_t kMaxPieces = 1024;  // IOV_MAX

struct ShutdownRequest {
  uv_shutdown_t request;
};

}  // namespace

struct UvStream::WriteRequest {
  uv_write_t request;
  ByteChain chain;
};

UvStream::UvStream(UvShard& shard, Socket* socket, std::string peer)
    : Resource(shard), socket_(socket), peer_(std::move(peer)) {
  socket_->stream_owner = this;
  if (socket_->is_tcp()) uv_tcp_nodelay(socket_->tcp(), 1);
}

UvStream::~UvStream() {
  shard_.forget(*this);
  abandon();
}

void UvStream::abandon() {
  if (socket_ == nullptr) return;
  // A peer that reads to the end must not take a part for the whole.
  const bool cut_short = unsent_bytes() > 0;
  std::exchange(socket_, nullptr)->close(cut_short);
}

void UvStream::start(StreamListener& listener) {
  RESTATE_ASSERT(listener_ == nullptr, "a stream is started once");
  listener_ = &listener;
  if (socket_ == nullptr) return;
  if (write_error_ != 0) {
    // It broke before anybody listened.
    shard_.post(scope_.bind([this] { fail(write_error_); }));
    return;
  }
  if (wants_reading()) start_reading();
}

void UvStream::write(ByteChain chain) {
  if (socket_ == nullptr || write_error_ != 0) return;  // the listener hears of it, or has
  RESTATE_ASSERT(!shutdown_asked_, "a write after the end of our direction");
  for (Bytes& piece : chain) {
    if (piece.empty()) continue;
    waiting_bytes_ += piece.size();
    waiting_.push_back(std::move(piece));
  }
  if (unsent_bytes() >= kStreamHighWater) above_high_water_ = true;
  if (!writing_) shard_.at_turn_end(TurnPhase::kFlush, *this);
}

std::size_t UvStream::unsent_bytes() const {
  if (socket_ == nullptr) return 0;
  return waiting_bytes_ + (writing_ ? uv_stream_get_write_queue_size(socket_->stream()) : 0);
}

void UvStream::pause() {
  paused_ = true;
  stop_reading();
}

void UvStream::resume() {
  paused_ = false;
  if (wants_reading()) start_reading();
}

void UvStream::shutdown_write() {
  shutdown_asked_ = true;
  if (!writing_ && socket_ != nullptr) shard_.at_turn_end(TurnPhase::kFlush, *this);
}

void UvStream::act() {
  if (socket_ == nullptr || write_error_ != 0 || writing_) return;
  flush();
}

void UvStream::flush() {
  std::vector<uv_buf_t>& buffers = shard_.write_buffers();
  while (waiting_bytes_ > 0) {
    buffers.clear();
    std::size_t offered = 0;
    const std::size_t end = std::min(waiting_.size(), first_waiting_ + kMaxPieces);
    for (std::size_t i = first_waiting_; i < end; ++i) {
      const Bytes& piece = waiting_[i];
      buffers.push_back(
          uv_buf_init(const_cast<char*>(piece.data()), static_cast<unsigned>(piece.size())));
      offered += piece.size();
    }
    const int sent =
        uv_try_write(socket_->stream(), buffers.data(), static_cast<unsigned>(buffers.size()));
    if (sent < 0 && sent != UV_EAGAIN) return on_write_failed(sent);
    const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    consume(taken);
    if (taken < offered) return send_rest();
  }
  if (shutdown_asked_ && !shutdown_done_) {
    shutdown_done_ = true;
    auto* shutdown = new ShutdownRequest;
    shutdown->request.data = shutdown;
    const int failed = uv_shutdown(
        &shutdown->request, socket_->stream(),
        [](uv_shutdown_t* request, int) { delete static_cast<ShutdownRequest*>(request->data); });
    if (failed != 0) delete shutdown;
  }
  check_drained();
}

void UvStream::consume(std::size_t size) {
  waiting_bytes_ -= size;
  while (size > 0) {
    Bytes& piece = waiting_[first_waiting_];
    if (size < piece.size()) {
      piece = piece.slice(size);
      return;
    }
    size -= piece.size();
    piece = {};
    ++first_waiting_;
  }
  if (first_waiting_ == waiting_.size()) {
    waiting_.clear();
    first_waiting_ = 0;
  }
}

void UvStream::send_rest() {
  auto* write = new WriteRequest;
  write->chain.assign(
      std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(first_waiting_)),
      std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  first_waiting_ = 0;
  waiting_bytes_ = 0;
  std::vector<uv_buf_t>& buffers = shard_.write_buffers();
  buffers.clear();
  for (const Bytes& piece : write->chain) {
    buffers.push_back(
        uv_buf_init(const_cast<char*>(piece.data()), static_cast<unsigned>(piece.size())));
  }
  write->request.data = write;
  const int failed =
      uv_write(&write->request, socket_->stream(), buffers.data(),
               static_cast<unsigned>(buffers.size()), [](uv_write_t* request, int status) {
                 UvStream* owner = socket_of(request->handle).stream_owner;
                 delete static_cast<WriteRequest*>(request->data);
                 if (owner != nullptr) owner->on_written(status);
               });
  if (failed != 0) {
    delete write;
    return on_write_failed(failed);
  }
  writing_ = true;
}

void UvStream::on_written(int status) {
  writing_ = false;
  if (status != 0) return on_write_failed(status);
  if (waiting_bytes_ > 0 || (shutdown_asked_ && !shutdown_done_)) {
    shard_.at_turn_end(TurnPhase::kFlush, *this);
  }
  check_drained();
}

void UvStream::check_drained() {
  if (!above_high_water_ || unsent_bytes() >= kStreamLowWater) return;
  above_high_water_ = false;
  if (listener_ != nullptr) listener_->on_drained();
}

void UvStream::on_write_failed(int status) {
  write_error_ = status;
  waiting_.clear();
  first_waiting_ = 0;
  waiting_bytes_ = 0;
  // The peer may have answered before it hung up: what it sent is read first, and then reading
  // fails too.
  if (!reading_ && listener_ != nullptr) fail(status);
}

void UvStream::start_reading() {
  if (reading_ || socket_ == nullptr) return;
  reading_ = true;
  const int failed = uv_read_start(
      socket_->stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        UvStream* owner = socket_of(handle).stream_owner;
        *buffer = uv_buf_init(owner->shard_.read_buffer(), UvShard::kReadBuffer);
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        UvStream* owner = socket_of(stream).stream_owner;
        if (owner != nullptr) owner->on_read(size, buffer);
      });
  if (failed != 0) shard_.post(scope_.bind([this, failed] { fail(failed); }));
}

void UvStream::stop_reading() {
  if (!reading_ || socket_ == nullptr) return;
  reading_ = false;
  uv_read_stop(socket_->stream());
}

void UvStream::on_read(ssize_t size, const uv_buf_t* buffer) {
  if (size == 0) return;
  if (size > 0) {
    listener_->on_data(std::string_view(buffer->base, static_cast<std::size_t>(size)));
    return;
  }
  if (size != UV_EOF || write_error_ != 0) {
    return fail(write_error_ != 0 ? write_error_ : static_cast<int>(size));
  }
  ended_ = true;
  stop_reading();
  listener_->on_end();
}

void UvStream::fail(int status) {
  if (socket_ == nullptr) return;
  waiting_bytes_ = 0;
  writing_ = false;
  std::exchange(socket_, nullptr)->close();
  listener_->on_error(uv_error(Code::kUnavailable, "the stream with " + peer_, status));
}

}  // namespace restate::uv
