#pragma once

/// \file
/// Reads HTTP/1 messages: llhttp, with heads gathered and limits enforced.

#include "http/message.h"

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace restate::http {

/// Who reads. All calls come from within `Http1Reader::read`.
class Http1Listener {
 public:
  /// Returns true if no body follows, whatever the head says (the answer to HEAD).
  virtual bool on_head() = 0;
  virtual void on_body(std::string_view data) = 0;
  /// Returns true to stop reading here.
  virtual bool on_message_end() = 0;

 protected:
  ~Http1Listener() = default;
};

class Http1Reader {
 public:
  enum class Side : std::uint8_t { kRequests, kResponses };
  enum class Status : std::uint8_t { kOk, kStopped, kBad };

  Http1Reader(Side side, Http1Listener& listener, std::size_t max_head_bytes);
  Http1Reader(const Http1Reader&) = delete;
  Http1Reader& operator=(const Http1Reader&) = delete;

  /// Consumes a prefix of `data` and drops it from there: all of it when `kOk`, up to the end of
  /// the message when `kStopped`. After `kBad` nothing may be read.
  Status read(std::string_view& data);
  /// The peer sends no more. `kBad` in the middle of a message.
  Status read_end();

  /// A head has begun and is not complete.
  bool in_head() const { return phase_ == Phase::kMethod || phase_ == Phase::kHead; }
  /// The status to answer with after `kBad`: 400, 414 or 431.
  int error_status() const { return error_status_; }
  const char* error_reason() const;

  // Valid in and after `on_head`.
  const std::string& method() const { return method_; }
  const std::string& url() const { return url_; }
  int status() const { return parser_.status_code; }
  Version version() const;
  /// What is left of a body whose length was announced, or of the current chunk.
  std::uint64_t body_remaining() const { return parser_.content_length; }
  bool keep_alive() const { return !ambiguous_ && llhttp_should_keep_alive(&parser_) != 0; }
  Headers& headers() { return headers_; }

 private:
  enum class Phase : std::uint8_t { kIdle, kMethod, kHead, kBody };
  static const llhttp_settings_t& callbacks();
  static Http1Reader& self(llhttp_t* parser) { return *static_cast<Http1Reader*>(parser->data); }
  int count(std::size_t bytes);
  int finish_head();
  Status read_method(std::string_view& data);
  Status execute(std::string_view& data);
  std::size_t find_bare_lf(std::string_view data) const;
  void note_line(std::string_view data);

  llhttp_t parser_;
  const Side side_;
  Http1Listener& listener_;
  const std::size_t max_head_bytes_;
  std::size_t head_bytes_ = 0;
  Phase phase_ = Phase::kIdle;
  std::size_t line_bytes_ = 0;  ///< of the current line of the head, from earlier reads
  char last_byte_ = '\n';
  int error_status_ = 400;
  bool ambiguous_ = false;  ///< two announced lengths
  std::string method_;
  std::string url_;
  std::string name_;
  std::string value_;
  Headers headers_;
};

}  // namespace restate::http
