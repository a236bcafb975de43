#pragma once

/// \file
/// What a copy of tables looks like, for the two who write and read it.
///
/// head    "restate table copy 1\n", then a block: u16 partition, u64 first key, u64 last key,
///         u64 fingerprint, u64 format, u64 applied LSN
/// rows    a block per half megabyte or so: per row u32 key length, u32 value length, both
/// end     an empty block, then a block: u64 rows
/// block   u32 length, u32 CRC-32C of its bytes, the bytes. Numbers are little endian.

#include <cstddef>
#include <string_view>

namespace restate::worker::copy_format {

inline constexpr std::string_view kKind = "restate table copy ";
inline constexpr std::string_view kMagic = "restate table copy 1\n";
inline constexpr std::size_t kBlockBytes = 512u << 10;
inline constexpr std::size_t kLargestBlock = 256u << 20;

}  // namespace restate::worker::copy_format
