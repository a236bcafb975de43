#include "bifrost/memory_loglet.h"

#include "bifrost/answer.h"
#include "bifrost/limits.h"

#include <algorithm>

namespace restate::bifrost {

MemoryLoglet::MemoryLoglet(Shard& shard, MemoryLogletContent& content)
    : shard_(shard), content_(content), tail_(shard, Tail{content.next, content.sealed}) {}

void MemoryLoglet::append(SharedBatch batch, Completion<LogletOffset> done) {
  RESTATE_ASSERT(!batch->empty(), "an append without records has no last offset");
  if (content_.sealed || content_.next.value + batch->size() > kMaxLogletOffset) {
    return answer_later<LogletOffset>(std::move(done),
                                      Error{Code::kSealed, "the loglet takes no more records"});
  }
  const LogletOffset first = content_.next;
  content_.next.value += static_cast<std::uint32_t>(batch->size());
  content_.records.push(first, std::move(batch));
  answer_later<LogletOffset>(std::move(done), LogletOffset{content_.next.value - 1});
  tail_.advance(content_.next);
}

void MemoryLoglet::seal(Completion<Tail> done) {
  content_.sealed = true;
  tail_.seal(content_.next);
  answer_later<Tail>(std::move(done), tail_.tail());
}

void MemoryLoglet::find_tail(Completion<Tail> done) {
  answer_later<Tail>(std::move(done), tail_.tail());
}

void MemoryLoglet::read(LogletOffset from, std::size_t max_bytes, Completion<LogletRecords> done) {
  if (from <= content_.trim_point) {
    return answer_later<LogletRecords>(
        std::move(done), Error{Code::kTrimmed, "offset " + std::to_string(from.value) + " is trimmed"});
  }
  LogletRecords found{from, {}};
  std::size_t bytes = 0;
  for (;;) {
    const auto next = static_cast<std::uint32_t>(from.value + found.records.size());
    const auto span = content_.records.find(LogletOffset{next});
    if (span.empty()) break;
    for (const Record& record : span) {
      bytes += record.body.size();
      if (bytes > max_bytes && !found.records.empty()) {
        return answer_later<LogletRecords>(std::move(done), std::move(found));
      }
      found.records.push_back(record);
    }
  }
  answer_later<LogletRecords>(std::move(done), std::move(found));
}

std::span<const Record> MemoryLoglet::recent(LogletOffset from) const {
  if (from <= content_.trim_point) return {};
  return content_.records.find(from);
}

void MemoryLoglet::trim(LogletOffset upto, Completion<LogletOffset> done) {
  const LogletOffset last{content_.next.value - 1};
  content_.trim_point = std::max(content_.trim_point, std::min(upto, last));
  content_.records.trim(content_.trim_point);
  answer_later<LogletOffset>(std::move(done), content_.trim_point);
}

}  // namespace restate::bifrost
