#include "http/machine/http1_reader.h"

#include "common/ascii.h"
#include "http/limits.h"

#include <algorithm>
#include <utility>

namespace restate::http {
namespace {

constexpr int kFail = -1;

}  // namespace

// llhttp keeps a pointer to its callbacks; a constant of the process, not a state.
const llhttp_settings_t& Http1Reader::callbacks() {
  static const llhttp_settings_t kCallbacks = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = [](llhttp_t* parser) {
      Http1Reader& reader = self(parser);
      reader.phase_ = Phase::kHead;
      reader.head_bytes_ = 0;
      reader.url_.clear();
      reader.name_.clear();
      reader.value_.clear();
      reader.headers_ = {};
      return 0;
    };
    settings.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
      Http1Reader& reader = self(parser);
      reader.url_.append(at, length);
      if (reader.url_.size() > kMaxTargetBytes) {
        reader.error_status_ = 414;
        return kFail;
      }
      return reader.count(length);
    };
    settings.on_status = [](llhttp_t* parser, const char*, std::size_t length) {
      return self(parser).count(length);
    };
    settings.on_header_field = [](llhttp_t* parser, const char* at, std::size_t length) {
      // Trailers count towards the limit, and are ignored.
      if (self(parser).phase_ == Phase::kHead) self(parser).name_.append(at, length);
      return self(parser).count(length);
    };
    settings.on_header_value = [](llhttp_t* parser, const char* at, std::size_t length) {
      if (self(parser).phase_ == Phase::kHead) self(parser).value_.append(at, length);
      return self(parser).count(length);
    };
    settings.on_header_value_complete = [](llhttp_t* parser) {
      Http1Reader& reader = self(parser);
      if (reader.phase_ != Phase::kHead) return 0;
      for (char& c : reader.name_) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
      }
      // llhttp keeps the blanks behind a value.
      while (!reader.value_.empty() &&
             (reader.value_.back() == ' ' || reader.value_.back() == '\t')) {
        reader.value_.pop_back();
      }
      reader.headers_.add(std::exchange(reader.name_, {}), std::exchange(reader.value_, {}));
      return reader.headers_.size() > kMaxHeaders ? reader.count(reader.max_head_bytes_ + 1) : 0;
    };
    settings.on_headers_complete = [](llhttp_t* parser) { return self(parser).finish_head(); };
    settings.on_body = [](llhttp_t* parser, const char* at, std::size_t length) {
      self(parser).listener_.on_body({at, length});
      return 0;
    };
    settings.on_message_complete = [](llhttp_t* parser) -> int {
      Http1Reader& reader = self(parser);
      reader.phase_ = Phase::kIdle;
      return reader.listener_.on_message_end() ? HPE_PAUSED : 0;
    };
    return settings;
  }();
  return kCallbacks;
}

Http1Reader::Http1Reader(Side side, Http1Listener& listener, std::size_t max_head_bytes)
    : side_(side), listener_(listener), max_head_bytes_(max_head_bytes) {
  llhttp_init(&parser_, side == Side::kRequests ? HTTP_REQUEST : HTTP_RESPONSE, &callbacks());
  parser_.data = this;
  // A head with both lengths is read by its chunks, and is the last on its connection.
  if (side == Side::kRequests) llhttp_set_lenient_chunked_length(&parser_, 1);
}

int Http1Reader::count(std::size_t bytes) {
  head_bytes_ += bytes;
  if (head_bytes_ <= max_head_bytes_) return 0;
  error_status_ = 431;
  return kFail;
}

int Http1Reader::finish_head() {
  phase_ = Phase::kBody;
  // We speak nothing else on this connection: `Upgrade` and CONNECT are ordinary requests that
  // somebody will refuse, and what follows them is HTTP.
  parser_.upgrade = 0;
  if (parser_.http_major != 1) return kFail;
  // A request whose end cannot be found. llhttp says so, too, but only after this.
  if (parser_.type == HTTP_REQUEST && (parser_.flags & F_TRANSFER_ENCODING) != 0 &&
      (parser_.flags & F_CHUNKED) == 0) {
    return kFail;
  }
  ambiguous_ =
      (parser_.flags & F_TRANSFER_ENCODING) != 0 && (parser_.flags & F_CONTENT_LENGTH) != 0;
  if (ambiguous_) headers_.remove("content-length");
  return listener_.on_head() ? 1 : 0;
}

Http1Reader::Status Http1Reader::read(std::string_view& data) {
  if (phase_ == Phase::kIdle) {  // blank lines between messages mean nothing
    data.remove_prefix(std::min(data.find_first_not_of("\r\n"), data.size()));
    line_bytes_ = 0;
    last_byte_ = '\n';
  }
  if (side_ == Side::kRequests && (phase_ == Phase::kIdle || phase_ == Phase::kMethod)) {
    const Status status = read_method(data);
    if (status != Status::kOk || data.empty()) return status;
  }
  while (phase_ != Phase::kBody) {
    const std::size_t lf = find_bare_lf(data);
    if (lf == std::string_view::npos) break;
    // llhttp insists on the CR that some clients leave out, unless it is allowed to overlook much
    // worse with it. So it gets one.
    std::string_view line = data.substr(0, lf);
    std::string_view cr = "\r";
    std::string_view end = data.substr(lf, 1);
    data.remove_prefix(lf + 1);
    for (std::string_view* part : {&line, &cr, &end}) {
      const Status status = execute(*part);
      if (status != Status::kOk) return status;
    }
    line_bytes_ = 0;
    last_byte_ = '\n';
  }
  const std::string_view all = data;
  const Status status = execute(data);
  if (status == Status::kOk && phase_ == Phase::kHead) note_line(all);
  return status;
}

/// llhttp has a list of methods, but any word is one, and its owner says what it thinks of it. So
/// llhttp gets to read a word that it knows.
Http1Reader::Status Http1Reader::read_method(std::string_view& data) {
  if (data.empty()) return Status::kOk;
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kMethod;
    method_.clear();
  }
  const auto end = std::find_if_not(data.begin(), data.end(), is_token_char);
  const auto length = static_cast<std::size_t>(end - data.begin());
  if (method_.size() + length > kMaxMethodBytes) return Status::kBad;
  method_.append(data.substr(0, length));
  data.remove_prefix(length);
  if (data.empty()) return Status::kOk;
  if (method_.empty() || data.front() != ' ') return Status::kBad;
  std::string_view known = "POST";
  if (method_ == "CONNECT") known = method_;  // its target is another one
  return execute(known);
}

/// The first LF in the rest of this head that has no CR before it.
std::size_t Http1Reader::find_bare_lf(std::string_view data) const {
  std::size_t begin = 0;
  while (true) {
    const std::size_t lf = data.find('\n', begin);
    if (lf == std::string_view::npos) return lf;
    const char before = lf > 0 ? data[lf - 1] : last_byte_;
    if (before != '\r') return lf;
    const std::size_t line = lf - begin + (begin == 0 ? line_bytes_ : 0);
    if (line == 1) return std::string_view::npos;  // only the CR: what follows is the body
    begin = lf + 1;
  }
}

void Http1Reader::note_line(std::string_view data) {
  if (data.empty()) return;
  const std::size_t lf = data.rfind('\n');
  line_bytes_ = lf == std::string_view::npos ? line_bytes_ + data.size() : data.size() - lf - 1;
  last_byte_ = data.back();
}

Http1Reader::Status Http1Reader::execute(std::string_view& data) {
  if (data.empty()) return Status::kOk;
  llhttp_resume(&parser_);
  switch (llhttp_execute(&parser_, data.data(), data.size())) {
    case HPE_OK:
      data = {};
      return Status::kOk;
    case HPE_PAUSED:
      data.remove_prefix(static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - data.data()));
      return Status::kStopped;
    default:
      return Status::kBad;
  }
}

Http1Reader::Status Http1Reader::read_end() {
  if (phase_ == Phase::kIdle) return Status::kOk;
  if (phase_ == Phase::kMethod) return Status::kBad;
  return llhttp_finish(&parser_) == HPE_OK || phase_ == Phase::kIdle ? Status::kOk : Status::kBad;
}

const char* Http1Reader::error_reason() const {
  const char* reason = llhttp_get_error_reason(&parser_);
  return reason == nullptr ? "Invalid method" : reason;
}

Version Http1Reader::version() const {
  return parser_.http_minor == 0 ? Version::kHttp10 : Version::kHttp11;
}

}  // namespace restate::http
