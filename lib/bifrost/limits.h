#pragma once

#include <cstddef>
#include <cstdint>

#include <restate/time.h>

namespace restate::bifrost {

/// A last batch that is larger than what is kept stays this long: readers that keep up have it by
/// then, and the others read the disk.
inline constexpr Duration kLargeBatchStays = std::chrono::milliseconds(100);

/// What the decoded form of a record is taken to weigh, beside its payload.
inline constexpr std::size_t kDecodedBytes = 1024;

/// Appends of one log that wait for their answer. Beyond, `kOverloaded`.
inline constexpr std::size_t kMaxPendingAppendBytes = std::size_t{256} << 20;

/// Entries per delivery to a reader: it must not keep the shard for too long.
inline constexpr std::size_t kMaxEntriesPerDelivery = 4096;

/// A loglet that grew to this many records is replaced: offsets end at 2^32.
inline constexpr std::uint32_t kMaxLogletOffset = 0x7fffffff;

/// Before appends that the disk is too busy for are handed to it again.
inline constexpr Duration kResubmitAfter = std::chrono::milliseconds(2);

/// Pauses between attempts of an appender whose log cannot be reached.
inline constexpr Duration kAppendRetryMin = std::chrono::milliseconds(10);
inline constexpr Duration kAppendRetryMax = std::chrono::seconds(1);

/// A reader at the end of a sealed segment waits this long, give or take half, for a successor
/// before it seals the chain itself.
inline constexpr Duration kReaderSealsAfter = std::chrono::seconds(5);

/// Attempts to bring a loglet and its chain to agree on the tail.
inline constexpr int kMaxTailAttempts = 50;

}  // namespace restate::bifrost
