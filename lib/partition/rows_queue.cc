#include "partition/queue.h"
#include "partition/row_codec.h"
#include "partition/row_parts.h"
#include "partition/rows.h"

#include <utility>

namespace restate::partition::rows {

std::string encode(const QueueEntry& entry) {
  return RowWriter(64)
      .u8(static_cast<std::uint8_t>(entry.stage))
      .u8(static_cast<std::uint8_t>(entry.reason))
      .uuid(entry.queue)
      .flag(entry.at.fresh)
      .u64(entry.at.run_at.ms)
      .u64(entry.at.sequence)
      .u64(entry.retry.attempts)
      .u64(entry.retry.failed)
      .u32(entry.retry.retries_since_command)
      .u32(entry.retry.refused)
      .u64(entry.runs)
      .take();
}

std::optional<QueueEntry> decode_queue_entry(const Bytes& value) {
  RowReader from(value);
  QueueEntry entry;
  entry.stage = from.enumerator(QueueStage::kPaused);
  entry.reason = from.enumerator(QueueReason::kYielded);
  entry.queue = from.uuid();
  entry.at.fresh = from.flag();
  entry.at.run_at = from.time();
  entry.at.sequence = from.u64();
  entry.retry.attempts = from.u64();
  entry.retry.failed = from.u64();
  entry.retry.retries_since_command = from.u32();
  entry.retry.refused = from.u32();
  entry.runs = from.u64();
  if (entry.stage == QueueStage::kNone) return std::nullopt;
  return finish(from, entry);
}

std::string encode(const QueueMeta& queue) {
  return RowWriter(64)
      .str(queue.scope)
      .str(queue.limit_key)
      .str(queue.service)
      .opt_str(queue.object)
      .flag(queue.paused)
      .u64(queue.entries)
      .u64(queue.created.ms)
      .take();
}

std::optional<QueueMeta> decode_queue(const Bytes& value) {
  RowReader from(value);
  QueueMeta queue;
  queue.scope = from.str();
  queue.limit_key = from.str();
  queue.service = from.str();
  queue.object = from.opt_str();
  queue.paused = from.flag();
  queue.entries = from.u64();
  queue.created = from.time();
  return finish(from, std::move(queue));
}

std::string encode_place() { return RowWriter(0).take(); }

}  // namespace restate::partition::rows
