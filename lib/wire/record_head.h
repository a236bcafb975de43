#pragma once

#include <cstdint>

namespace restate::wire {

/// The first byte of a record. Readers refuse what is higher, and what is zero.
inline constexpr std::uint8_t kRecordVersion = 1;

}  // namespace restate::wire
