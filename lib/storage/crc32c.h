#pragma once

/// \file
/// CRC-32C (Castagnoli): the checksum of everything we lay on a disk ourselves.

#include <cstdint>
#include <string_view>

namespace restate::storage {

/// Continues `seed`, the checksum of the bytes before; 0 at the start.
/// crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// The same by table alone, for machines without the instruction and for the test that compares.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace restate::storage
