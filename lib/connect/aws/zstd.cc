#include "connect/aws/zstd.h"

#include <zstd.h>

#include <memory>

namespace restate::connect::aws {
namespace {

constexpr int kLevel = 3;

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

}  // namespace

std::string zstd_compress(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kLevel);
  RESTATE_ASSERT(!ZSTD_isError(size), "compression into enough room failed");
  out.resize(size);
  return out;
}

Result<std::string> zstd_decompress(std::string_view bytes, std::size_t limit) {
  const std::unique_ptr<ZSTD_DStream, FreeStream> stream(ZSTD_createDStream());
  RESTATE_ASSERT(stream != nullptr, "out of memory");
  std::string out;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &output, &input);
    if (ZSTD_isError(left)) {
      return Error{Code::kInvalidArgument, std::string("zstd: ") + ZSTD_getErrorName(left)};
    }
    if (output.pos > limit - out.size()) {
      return Error{Code::kInvalidArgument,
                   "zstd: more than " + std::to_string(limit) + " bytes come out"};
    }
    out.append(piece, 0, output.pos);
    if (left == 0 && input.pos == input.size) return out;
    if (input.pos == input.size && output.pos < piece.size()) {
      return Error{Code::kInvalidArgument, "zstd: it is cut off"};
    }
  }
}

}  // namespace restate::connect::aws
