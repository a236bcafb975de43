#pragma once

/// \file
/// Zstandard, for bodies of functions that understand it.

#include <restate/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace restate::connect::aws {

std::string zstd_compress(std::string_view text);

/// - `kInvalidArgument`: it is not compressed so, it is cut off, or more than `limit` bytes come
/// out.
Result<std::string> zstd_decompress(std::string_view bytes, std::size_t limit);

}  // namespace restate::connect::aws
