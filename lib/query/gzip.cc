#include "query/gzip.h"

#include <restate/assert.h>

#include <zlib.h>

#include <string>
#include <utility>

namespace restate::query {
namespace {

/// Answers are read once, at once: what is quick to make is good enough.
constexpr int kLevel = 3;
/// The largest window, with a header of gzip instead of zlib's own.
constexpr int kWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kStep = 64 * 1024;

}  // namespace

struct Gzip::State {
  z_stream stream{};
};

Gzip::Gzip() : state_(std::make_unique<State>()) {
  const int made = deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel,
                                Z_DEFAULT_STRATEGY);
  RESTATE_ASSERT(made == Z_OK, "zlib takes these parameters");
}

Gzip::~Gzip() { deflateEnd(&state_->stream); }

Bytes Gzip::add(std::string_view bytes, bool last) {
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
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

}  // namespace restate::query
