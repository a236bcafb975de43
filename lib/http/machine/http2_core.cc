#include "http/machine/http2_core.h"

#include "common/ascii.h"
#include "http/limits.h"
#include "http/machine/headers_out.h"

#include <restate/assert.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace restate::http {
namespace {

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Values that never come again only push others out of the peer's table.
bool is_worth_indexing(std::string_view name) {
  return name != "x-restate-invocation-id" && name != "x-restate-id" &&
         name != "x-restate-jwt-v1" && name != "traceparent" && name != "x-restate-service-key" &&
         name != "idempotency-key";
}

}  // namespace

/// nghttp2's callbacks, each a step into the core.
struct Http2Callbacks {
  static Http2Core& core(void* user) { return *static_cast<Http2Core*>(user); }

  static Http2Stream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) core(user).add_stream(frame->hd.stream_id);
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void* user) {
    Http2Stream* s = stream(session, frame->hd.stream_id);
    if (s == nullptr || s->head_done) return 0;  // trailers are not for anybody here
    return core(user).on_header(*s, view(name, name_size), view(value, value_size));
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Core& self = core(user);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
      self.listener_.on_control_frame(*frame);
      return 0;
    }
    Http2Stream* s = stream(session, frame->hd.stream_id);
    if (s == nullptr) return 0;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !s->head_done) {
      if (s->status != 0 && s->status < 200) {  // the response itself is still to come
        s->head.headers = {};
        s->head_bytes = 0;
        return 0;
      }
      s->head_done = true;
      s->remote_done = ends;
      self.listener_.on_head(*s, ends);
      return 0;
    }
    if (ends) {
      s->remote_done = true;
      self.listener_.on_body_end(*s);
    }
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user) {
    // The connection's window is credited at once: a paused stream must not stall its neighbours.
    nghttp2_session_consume_connection(session, size);
    Http2Stream* s = stream(session, id);
    if (s == nullptr) {
      nghttp2_session_consume_stream(session, id, size);
    } else {
      core(user).on_data(*s, view(data, size));
    }
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                             void* user) {
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    Http2Core& self = core(user);
    const auto found = self.streams_.find(id);
    if (found == self.streams_.end()) return 0;
    const std::unique_ptr<Http2Stream> gone = std::move(found->second);
    self.streams_.erase(found);
    self.listener_.on_stream_closed(*gone, code);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& s = *static_cast<Http2Stream*>(source->ptr);
    const std::size_t size = std::min(length, s.queue.size());
    const bool last = s.local_done && size == s.queue.size();
    if (size == 0 && !last) {
      s.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head,
                       std::size_t length, nghttp2_data_source* source, void* user) {
    Http2Core& self = core(user);
    auto& s = *static_cast<Http2Stream*>(source->ptr);
    self.output_.append(view(frame_head, 9));
    s.queue.move_to(self.output_, length);
    if (s.was_high && s.queue.size() < kLowWater) {
      s.was_high = false;
      self.listener_.on_drained(s);
    }
    return self.output_.size() < self.max_output_ ? 0 : NGHTTP2_ERR_PAUSE;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Stream* s = stream(session, frame->hd.stream_id);
    if (s == nullptr) return 0;
    s->head_sent = true;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) core(user).listener_.on_end_sent(*s);
    return 0;
  }

  static int on_error(nghttp2_session*, int, const char* message, std::size_t size, void* user) {
    core(user).last_error_.assign(message, size);
    return 0;
  }
};

Http2Core::Http2Core(Side side, const Limits& limits, Http2Listener& listener)
    : limits_(limits), listener_(listener) {
  nghttp2_session_callbacks* callbacks = nullptr;
  RESTATE_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory");
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                          Http2Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Http2Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Http2Callbacks::on_frame_recv);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
                                                            Http2Callbacks::on_data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                         Http2Callbacks::on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Http2Callbacks::send_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Http2Callbacks::on_frame_send);
  nghttp2_session_callbacks_set_error_callback2(callbacks, Http2Callbacks::on_error);

  nghttp2_option* option = nullptr;
  RESTATE_ASSERT(nghttp2_option_new(&option) == 0, "out of memory");
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Closed streams are kept only for the priority tree, which nobody uses.
  nghttp2_option_set_no_closed_streams(option, 1);
  if (side == Side::kServer) {
    RESTATE_ASSERT(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0,
                   "out of memory");
  } else {
    // We count streams ourselves; nghttp2 must not queue what we hand to it.
    nghttp2_option_set_peer_max_concurrent_streams(option, kClientStreamsPerConnection);
    RESTATE_ASSERT(nghttp2_session_client_new2(&session_, callbacks, this, option) == 0,
                   "out of memory");
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
}

Http2Core::~Http2Core() { nghttp2_session_del(session_); }

Http2Stream* Http2Core::find(std::uint32_t id) const {
  const auto found = streams_.find(static_cast<std::int32_t>(id));
  return found == streams_.end() ? nullptr : found->second.get();
}

Http2Stream& Http2Core::add_stream(std::int32_t id) {
  auto stream = std::make_unique<Http2Stream>();
  stream->id = id;
  stream->window = limits_.stream_window;
  nghttp2_session_set_stream_user_data(session_, id, stream.get());
  Http2Stream& added = *stream;
  streams_.emplace(id, std::move(stream));
  return added;
}

// -- Reading --

void Http2Core::receive(std::string_view data) {
  if (broken_) return;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  if (taken >= 0) return;
  if (last_error_.empty()) last_error_ = nghttp2_strerror(static_cast<int>(taken));
  // A bad preface is the one error for which nghttp2 says nothing to the peer by itself.
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  broken_ = true;
}

int Http2Core::on_header(Http2Stream& stream, std::string_view name, std::string_view value) {
  stream.head_bytes += name.size() + value.size() + 32;
  if (stream.head_bytes > limits_.max_header_list_bytes) return 0;  // refused when it is complete
  if (name.empty() || name.front() != ':') {
    stream.head.headers.add(std::string(name), std::string(value));
  } else if (name == ":method") {
    stream.head.method = value;
  } else if (name == ":path") {
    stream.head.target = value.substr(0, value.find('#'));
  } else if (name == ":authority") {
    stream.head.authority = value;
  } else if (name == ":scheme") {
    stream.head.scheme = value;
  } else if (name == ":status") {
    stream.status = static_cast<int>(parse_decimal(value).value_or(0));
  }
  return 0;
}

void Http2Core::on_data(Http2Stream& stream, std::string_view data) {
  stream.received += data.size();
  if (stream.paused) {
    stream.unconsumed += data.size();
  } else {
    // A body that has used up its window is a large one, and pays a round trip per window.
    if (stream.received >= stream.window && stream.window < limits_.max_stream_window) {
      stream.window = std::min(stream.window * 4, limits_.max_stream_window);
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream.id,
                                            static_cast<std::int32_t>(stream.window));
    }
    nghttp2_session_consume_stream(session_, stream.id, data.size());
  }
  listener_.on_body(stream, data);
}

void Http2Core::set_paused(Http2Stream& stream, bool paused) {
  stream.paused = paused;
  if (paused || stream.unconsumed == 0) return;
  nghttp2_session_consume_stream(session_, stream.id, stream.unconsumed);
  stream.unconsumed = 0;
}

bool Http2Core::finished() const {
  return broken_ || (nghttp2_session_want_read(session_) == 0 && !wants_write());
}

// -- Writing --

bool Http2Core::wants_write() const {
  return !output_.empty() || (!broken_ && nghttp2_session_want_write(session_) != 0);
}

void Http2Core::collect(ByteChain& out, std::size_t max_bytes) {
  max_output_ = max_bytes;
  while (!broken_ && output_.size() < max_bytes) {
    const std::uint8_t* data = nullptr;
    const std::size_t before = output_.size();
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) {
      broken_ = true;
      if (last_error_.empty()) last_error_ = nghttp2_strerror(static_cast<int>(size));
      break;
    }
    output_.append(view(data, static_cast<std::size_t>(size)));
    if (output_.size() == before) break;
  }
  output_.take(out, max_bytes);
}

void Http2Core::begin_headers() {
  headers_.clear();
  lower_names_.clear();
}

void Http2Core::push_header(std::string_view name, std::string_view value) {
  const std::uint8_t flags =
      is_worth_indexing(name) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX;
  // nghttp2 copies both; its C signature only lacks the const.
  headers_.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), flags});
}

void Http2Core::push_headers(const Headers& headers, bool with_content_length) {
  lower_names_.reserve(headers.size());  // views into it must stay valid
  for (const Header& header : headers) {
    if (is_hop_by_hop(header.name) || !is_sendable(header)) continue;
    if (ascii_equal(header.name, "host")) continue;
    if (!with_content_length && ascii_equal(header.name, "content-length")) continue;
    std::string_view name = header.name;
    if (std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
      std::string& lower = lower_names_.emplace_back(name);
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
      }
      name = lower;
    }
    push_header(name, header.value);
  }
}

std::int32_t Http2Core::submit_request(const RequestHead& head, bool body_follows) {
  begin_headers();
  push_header(":method", head.method);
  push_header(":scheme", head.scheme);
  push_header(":authority", head.authority);
  push_header(":path", head.target);
  push_headers(head.headers, true);
  // The stream object is made before its id is known: nghttp2 only needs it when it reads the body.
  auto stream = std::make_unique<Http2Stream>();
  stream->window = limits_.stream_window;
  stream->local_started = true;
  stream->local_done = !body_follows;
  nghttp2_data_provider body{{}, &Http2Callbacks::read_body};
  body.source.ptr = stream.get();
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, headers_.data(), headers_.size(),
                             body_follows ? &body : nullptr, stream.get());
  if (id < 0) return id;
  stream->id = id;
  streams_.emplace(id, std::move(stream));
  return id;
}

void Http2Core::submit_response(Http2Stream& stream, const ResponseHead& head,
                                std::string_view length, std::string_view date, bool body_follows) {
  char status[8] = {};
  std::to_chars(status, status + sizeof status, head.status);
  begin_headers();
  push_header(":status", status);
  push_headers(head.headers, length.empty());
  if (!length.empty()) push_header("content-length", length);
  if (!head.headers.contains("date")) push_header("date", date);
  stream.local_started = true;
  nghttp2_data_provider body{{}, &Http2Callbacks::read_body};
  body.source.ptr = &stream;
  nghttp2_submit_response(session_, stream.id, headers_.data(), headers_.size(),
                          body_follows ? &body : nullptr);
  if (!body_follows) stream.local_done = true;
}

void Http2Core::write(Http2Stream& stream, Bytes data) {
  if (stream.local_done || data.empty()) return;
  stream.queue.push(std::move(data));
  stream.was_high = stream.was_high || stream.queue.size() > kHighWater;
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, stream.id);
}

void Http2Core::finish(Http2Stream& stream) {
  if (stream.local_done) return;
  stream.local_done = true;
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, stream.id);
}

void Http2Core::reset(Http2Stream& stream, std::uint32_t code) {
  stream.queue.clear();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
}

}  // namespace restate::http
