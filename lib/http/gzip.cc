#include "http/gzip.h"

#include "common/ascii.h"

#include <restate/assert.h>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace restate::http {
namespace {

constexpr int kFastest = 1;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kStep = 64 * 1024;  // of the result
constexpr int kGzipWindow = 15 + 16;  // the largest window, and a header of gzip rather than zlib

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// True for parameters that say no: `q=0`, `q=0.0`.
bool is_refused(std::string_view parameters) {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  return trim(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const std::size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view name = trim(item.substr(0, semicolon));
    const bool accepted = !is_refused(item.substr(semicolon));
    if (ascii_lower(name) == "gzip") return accepted;  // says more than a star
    if (name == "*") any = accepted;
  }
  return any;
}

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  const int begun = deflateInit2(&state_->stream, kFastest, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                                 Z_DEFAULT_STRATEGY);
  RESTATE_ASSERT(begun == Z_OK, "zlib has memory and is the one we were built for");
}

GzipStream::~GzipStream() { deflateEnd(&state_->stream); }

Bytes GzipStream::add(std::string_view text, bool last) {
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  std::string out;
  std::size_t size = 0;
  do {
    out.resize(size + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = kStep;
    deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    size += kStep - stream.avail_out;
  } while (stream.avail_out == 0);
  out.resize(size);
  return Bytes(std::move(out));
}

std::string gzip(std::string_view text) { return GzipStream().add(text, true).str(); }

}  // namespace restate::http
