#include "partition/queue.h"

#include "common/hash.h"

#include <restate/assert.h>

namespace restate::partition {

namespace {

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

void append_text(std::string& out, std::string_view text) {
  append_little_endian(out, text.size(), 4);
  out.append(text);
}

constexpr char kSeparator = '\xff';

}  // namespace

std::string_view to_string(QueueStage stage) {
  switch (stage) {
    case QueueStage::kNone:
      return "none";
    case QueueStage::kInbox:
      return "inbox";
    case QueueStage::kRunning:
      return "running";
    case QueueStage::kSuspended:
      return "suspended";
    case QueueStage::kPaused:
      return "paused";
  }
  RESTATE_UNREACHABLE();
}

std::string_view to_string(QueueReason reason) {
  switch (reason) {
    case QueueReason::kNew:
      return "new";
    case QueueReason::kStarted:
      return "started";
    case QueueReason::kBackingOff:
      return "backing-off";
    case QueueReason::kYielded:
      return "yielded";
  }
  RESTATE_UNREACHABLE();
}

// The lengths keep a scope and a limit key apart that read the same when they are joined.
wire::QueueId queue_of(PartitionKey key, const wire::InvocationTarget& target,
                       std::string_view limit_key) {
  RESTATE_ASSERT(target.scope.has_value(), "queues are of scopes");
  std::string name;
  append_little_endian(name, key.value, 8);
  name.append("\xff\x30\xff");
  append_text(name, *target.scope);
  name.push_back(kSeparator);
  append_text(name, limit_key);
  name.push_back(kSeparator);
  name.push_back(target.exclusive() ? '1' : '0');
  name.push_back(kSeparator);
  name.append(target.service);
  if (target.exclusive()) {
    name.push_back(kSeparator);
    name.append(target.key);
  }
  return {key, Uuid::from(std::string_view(sha256(name)).substr(0, 16))};
}

}  // namespace restate::partition
