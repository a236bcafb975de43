#pragma once

/// \file
/// The bounds of a partition processor, in one place.

#include <restate/time.h>

#include <cstddef>
#include <cstdint>

namespace restate::worker::limits {

/// Committed records waiting to be applied before the reader is paused.
inline constexpr std::size_t kPendingRecords = 8192;

/// The same in bytes, since a record may be large. What the reader has under way when it is told to
/// pause comes on top.
inline constexpr std::size_t kPendingBytes = 8u << 20;

/// What proposals that are not durable yet weigh in memory. Beyond, requests and messages of other
/// partitions are answered `kOverloaded`, and timers, purges and decisions of the scheduler wait;
/// only what attempts say is not kept out.
inline constexpr std::size_t kProposalBytes = 64u << 20;

/// Appends are about this large at most, and so much of them is under way at once: well below what
/// the log refuses.
inline constexpr std::size_t kAppendBytes = 16u << 20;
inline constexpr std::size_t kAppendWindow = 64u << 20;

/// What a message to another invocation has beyond the entry that made it and the names of both:
/// ids, a span, and the pairs of its headers, which take more room in a record than in an entry.
inline constexpr std::size_t kMessageMargin = 1u << 20;

/// An invocation from outside, argument and names and headers together: more than this might be more
/// than a record of the log may have.
inline constexpr std::size_t kLargestInvocation = 63u << 20;

/// The longest piece of a journal that a new life begins with. It is copied in one commit, and apply
/// has no choice: a record that asks for more than there is memory would end the process each time.
inline constexpr std::size_t kCopiedJournalBytes = 256u << 20;

/// Requests that wait with an elected leader until it may serve.
inline constexpr std::size_t kParkedRequests = 1024;

/// A batch ends when its rows have so many times `batch_bytes`, however small the records were that
/// made them: a journal that is copied into a new life, a state that is erased.
inline constexpr std::size_t kRowBytesPerRecordByte = 4;

/// Between two publications of how the partitions of a shard stand.
inline constexpr Duration kStatusInterval = std::chrono::milliseconds(500);

/// The memory of a batch that is used again for the next one.
inline constexpr std::size_t kKeptBatchBytes = 256u << 10;

/// Records up to this size travel to the reader together with what they were encoded from.
inline constexpr std::size_t kDecodedBelow = 64u << 10;

/// Timers held in memory per partition; the rest stay in the table until these have fired.
inline constexpr std::size_t kLoadedTimers = 65'536;
/// Timers proposed in one turn, so that a storm leaves room for others.
inline constexpr std::size_t kTimersPerTurn = 1024;
/// Waiting invocations held in memory per queue, and lane of it; the rest stay in the table.
inline constexpr std::size_t kLoadedWaiters = 256;
/// Decisions of the scheduler in one record.
inline constexpr std::size_t kQueueDecisions = 1000;
/// One wait of the timer service at most: it follows the wall clock, which may jump.
inline constexpr std::uint64_t kLongestWaitMs = 10'000;

/// Before a partition that stopped is opened again: twice as long each time, from the start when it
/// had run for long enough.
inline constexpr Duration kFirstRestartWait = std::chrono::seconds(1);
inline constexpr Duration kLongestRestartWait = std::chrono::seconds(30);
inline constexpr Duration kHealthyAfter = std::chrono::seconds(60);

/// A partition notes this many positions between two flushes.
inline constexpr std::size_t kRunsPerCheckpoint = 16;
/// Bytes of the node's log behind the oldest record that a partition has not flushed, in units of
/// `checkpoint_bytes`. Segments hold records of all partitions, so a cold one keeps a busy one's log.
inline constexpr std::uint64_t kPinnedCheckpoints = 4;
/// Log that waits for the trim delay at most; beyond, it goes early.
inline constexpr std::uint64_t kDelayedTrimBytes = std::uint64_t{1} << 30;

/// Outbox messages on their way at once, per partition.
inline constexpr std::size_t kShuffleWindow = 1024;
inline constexpr std::size_t kShuffleWindowBytes = 10u << 20;
/// One append to another partition's log.
inline constexpr std::size_t kShuffleBatchBytes = 64u << 10;

/// Before a batch of ingested records that did not reach its log is sent again.
inline constexpr Duration kFirstIngestionWait = std::chrono::milliseconds(25);
inline constexpr Duration kLongestIngestionWait = std::chrono::seconds(1);

/// Rows of invocations that a new leader reads at once, looking for those that ran.
inline constexpr std::size_t kStartScanRows = 16'384;

/// Rows of queues that a new leader reads at once; what it finds is counted in one turn, and what it
/// takes back is one record.
inline constexpr std::size_t kQueueScanRows = 512;

/// Between two looks whether the tables should be copied.
inline constexpr Duration kCopyCheck = std::chrono::seconds(1);

/// Rows that one pass of the cleaner purges at most.
inline constexpr std::size_t kCleanerRows = 10'000;

}  // namespace restate::worker::limits
