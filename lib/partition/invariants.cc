#include "partition/invariants.h"

#include "partition/announced.h"
#include "partition/await_tree.h"
#include "partition/image.h"
#include "partition/repeatable.h"
#include "wire/entry.h"

#include <algorithm>
#include <set>
#include <utility>

namespace restate::partition {

namespace {

Error broken(const char* invariant, const std::string& where, const char* what) {
  return {Code::kCorrupt, std::string(invariant) + " " + where + ": " + what};
}

// `return` the error unless the condition holds.
#define RESTATE_HOLDS(condition, invariant, where, what)     \
  do {                                                       \
    if (!(condition)) return broken(invariant, where, what); \
  } while (false)

Result<void> check_times(const InvocationId& id, const Timestamps& times) {
  const auto ordered = [&](const std::optional<WallTime>& at) {
    return !at || (times.created <= *at && *at <= times.modified);
  };
  RESTATE_HOLDS(times.created <= times.modified && ordered(times.scheduled) &&
                    ordered(times.inboxed) && ordered(times.running) && ordered(times.completed),
                "I10", id.str(), "a time is before creation or after modification");
  return {};
}

Result<void> check_waiting(const InvocationId& id, const Image::Invocation& rows) {
  const Status status = rows.status->status;
  const auto starts = std::count_if(rows.timers.begin(), rows.timers.end(), [](const auto& timer) {
    return timer.key.kind == wire::TimerKind::kStartScheduled;
  });
  RESTATE_HOLDS(starts == (status == Status::kScheduled ? 1 : 0), "I11", id.str(),
                "scheduled means exactly one timer to start it");
  if (status == Status::kInboxed && !rows.entry) {
    RESTATE_HOLDS(rows.inboxed.size() == 1 && rows.inboxed[0] == rows.status->inbox_sequence, "I12",
                  id.str(), "inboxed means exactly one row, under the sequence it knows");
  } else {
    RESTATE_HOLDS(rows.inboxed.empty(), "I12", id.str(), "it is in an inbox and does not wait");
  }
  if (status == Status::kCompleted) {
    RESTATE_HOLDS(rows.status->sinks.empty(), "I13", id.str(), "somebody waits for what has ended");
    RESTATE_HOLDS(rows.status->result.has_value(), "I13", id.str(), "it has ended without result");
  }
  return {};
}

// The stage that goes with a status. An invoked one waits in its queue or runs.
bool fits(QueueStage stage, bool fresh, Status status) {
  switch (status) {
    case Status::kInboxed:
      return stage == QueueStage::kInbox && fresh;
    case Status::kInvoked:
      return stage == QueueStage::kRunning || (stage == QueueStage::kInbox && !fresh);
    case Status::kSuspended:
      return stage == QueueStage::kSuspended;
    case Status::kPaused:
      return stage == QueueStage::kPaused;
    case Status::kScheduled:
    case Status::kCompleted:
      return false;
  }
  RESTATE_UNREACHABLE();
}

Result<void> check_entry(const InvocationId& id, const Image::Invocation& rows) {
  using Places = std::vector<wire::QueuePlace>;
  Places waits, runs;
  if (rows.entry) {
    const wire::QueuePlace place{id, rows.entry->queue, rows.entry->at};
    if (rows.entry->stage == QueueStage::kInbox) waits.push_back(place);
    if (rows.entry->stage == QueueStage::kRunning) runs.push_back(place);
    RESTATE_HOLDS(rows.status && fits(rows.entry->stage, rows.entry->at.fresh, rows.status->status),
                  "I43", id.str(), "its entry is in a stage that its status has not");
    const InvocationStatus& status = *rows.status;
    RESTATE_HOLDS(status.target.scope &&
                      queue_of(id.key, status.target, status.limit_key).digest == rows.entry->queue,
                  "I43", id.str(), "its entry is in a queue of others");
  }
  RESTATE_HOLDS(waits == rows.waits && runs == rows.runs, "I43", id.str(),
                "the rows of its stage are not what its entry says");
  return {};
}

Result<void> check_queues(const Image& image) {
  std::map<wire::QueueId, std::uint64_t> entries;
  for (const auto& [id, rows] : image.invocations) {
    if (rows.entry) ++entries[{id.key, rows.entry->queue}];
  }
  for (const auto& [id, queue] : image.queues) {
    const auto found = entries.find(id);
    const std::uint64_t count = found == entries.end() ? 0 : found->second;
    RESTATE_HOLDS(queue.entries == count, "I42", id.str(), "its entries are not counted right");
    RESTATE_HOLDS(count > 0 || queue.paused, "I42", id.str(), "a queue is left without entries");
  }
  for (const auto& [id, count] : entries) {
    RESTATE_HOLDS(image.queues.count(id) == 1, "I42", id.str(), "entries have no queue");
  }
  const auto features = Features::from_bits(image.number(keys::Variable::kFeatures));
  RESTATE_HOLDS(image.queues.empty() || features.vqueues(), "I42", "features",
                "queues are there, though nobody switched them on");
  return {};
}

Result<void> check_journal(const InvocationId& id, const Image::Invocation& rows) {
  const JournalMetadata& metadata = rows.status->journal;
  RESTATE_HOLDS(metadata.length == rows.journal.size(), "I17", id.str(),
                "the journal has another length than its status says");
  RESTATE_HOLDS(metadata.events == rows.events, "I17", id.str(), "events are not counted right");
  if (rows.journal.empty()) {
    RESTATE_HOLDS(rows.status->status == Status::kCompleted, "I17", id.str(),
                  "it lives and has no journal");
  }
  std::uint32_t commands = 0;
  std::optional<std::uint32_t> last_output;
  std::uint32_t expected = 0;
  std::map<std::uint32_t, Announced> announced;
  std::map<wire::NotificationId, std::uint32_t> arrivals;
  for (const auto& [index, entry] : rows.journal) {
    RESTATE_HOLDS(index == expected++, "I17", id.str(), "the journal has a gap");
    RESTATE_HOLDS((entry.type == wire::EntryType::kInput) == (index == 0), "I17", id.str(),
                  "Input is the first entry and no other");
    if (wire::is_command(entry.type)) {
      ++commands;
      if (entry.type == wire::EntryType::kOutput) last_output = index;
      for (const Announced& row : announced_by(entry, index)) {
        announced.emplace(row.completion, row);
      }
      continue;
    }
    const auto content = wire::decode_entry(entry.type, entry.body);
    RESTATE_HOLDS(content, "I20", id.str(), "a notification does not decode");
    const auto& found = std::get<wire::Notification>(content.value());
    const bool again = !arrivals.insert_or_assign(found.id, index).second;
    if (const auto* completion = std::get_if<wire::CompletionId>(&found.id)) {
      RESTATE_HOLDS(!again, "I19", id.str(), "a completion came twice");
      const auto row = announced.find(completion->value);
      RESTATE_HOLDS(row != announced.end() && row->second.type == entry.type, "I21", id.str(),
                    "a completion came that no command announced like this");
    }
  }
  RESTATE_HOLDS(commands == metadata.commands, "I17", id.str(), "commands are not counted right");
  RESTATE_HOLDS(last_output == metadata.last_output, "I17", id.str(),
                "the last output is another entry");
  RESTATE_HOLDS(announced == rows.announced, "I20", id.str(),
                "the completion index is not what the commands announce");
  RESTATE_HOLDS(
      std::equal(arrivals.begin(), arrivals.end(), rows.arrivals.begin(), rows.arrivals.end(),
                 [](const auto& entry, const auto& row) {
                   return entry.first == row.first && entry.second == row.second.index;
                 }),
      "I20", id.str(), "the notification index is not what the journal holds");
  return {};
}

Result<void> check_suspended(const InvocationId& id, const Image::Invocation& rows) {
  const InvocationStatus& status = *rows.status;
  if (status.status != Status::kSuspended) return {};
  wire::AwaitTree tree = status.awaiting;
  const Outcome outcome = resolve(tree, [&](const wire::NotificationId& leaf) {
    const auto row = rows.arrivals.find(leaf);
    if (row == rows.arrivals.end()) return std::optional<Variant>();
    if (repeatable(leaf) && row->second.index < status.delivered) return std::optional<Variant>();
    return std::optional(row->second.variant);
  });
  RESTATE_HOLDS(outcome == Outcome::kPending, "I14", id.str(), "what it waits for has come");
  return {};
}

Result<void> check_free(const InvocationId& id, const Image::Invocation& rows) {
  RESTATE_HOLDS(rows.journal.empty() && rows.announced.empty() && rows.arrivals.empty() &&
                    rows.events == 0 && rows.inboxed.empty(),
                "I13", id.str(), "a free id has rows");
  for (const auto& timer : rows.timers) {
    RESTATE_HOLDS(timer.key.kind == wire::TimerKind::kCompleteSleep, "I11", id.str(),
                  "a timer would start what is not there");
  }
  return {};
}

Result<void> check_objects(const Image& image) {
  std::map<ObjectKey, std::vector<InvocationId>, ObjectOrder> running;
  std::set<std::string> services;
  for (const auto& [id, rows] : image.invocations) {
    if (!rows.status) continue;
    const InvocationStatus& status = *rows.status;
    if (!status.target.keyed()) services.insert(status.target.service);
    // Who waits for a permit has taken the object before.
    const bool queued = status.status == Status::kInboxed && rows.entry;
    if (status.target.exclusive() && (status.started() || queued)) {
      running[ObjectKey(id.key, status.target)].push_back(id);
    }
  }
  for (const auto& [object, holders] : running) {
    const auto found = image.objects.find(object);
    RESTATE_HOLDS(holders.size() == 1 && found != image.objects.end() && found->second.lock &&
                      found->second.lock->holder == holders[0],
                  "I23", object.service + "/" + object.key,
                  "its exclusive invocation does not hold the lock alone");
  }
  const std::uint64_t next = image.number(keys::Variable::kInboxSequence);
  for (const auto& [object, rows] : image.objects) {
    const std::string where = object.service + "/" + object.key;
    if (rows.lock) {
      RESTATE_HOLDS(running.count(object) == 1, "I23", where, "nobody who runs holds the lock");
      RESTATE_HOLDS(rows.lock->waiting == rows.inbox.size(), "I25", where,
                    "its inbox is not counted right");
    } else {
      RESTATE_HOLDS(rows.inbox.empty(), "I25", where, "it is free and somebody waits for it");
    }
    for (const auto& [sequence, entry] : rows.inbox) {
      RESTATE_HOLDS(sequence < next && sequence >= rows.lock->scan_from, "I24", where,
                    "an entry of its inbox is out of reach");
    }
    RESTATE_HOLDS(rows.state.empty() || services.count(object.service) == 0, "I27", where,
                  "a service has state");
    for (const auto& [key, promise] : rows.promises) {
      RESTATE_HOLDS(promise.result ? promise.listeners.empty() : !promise.listeners.empty(), "I37",
                    where, "a promise is neither awaited nor completed");
    }
  }
  return {};
}

Result<void> check(const Image& image) {
  for (const auto& [id, rows] : image.invocations) {
    RESTATE_TRY_VOID(check_entry(id, rows));
    if (!rows.status) {
      RESTATE_TRY_VOID(check_free(id, rows));
      continue;
    }
    RESTATE_TRY_VOID(check_times(id, rows.status->timestamps));
    RESTATE_TRY_VOID(check_waiting(id, rows));
    RESTATE_TRY_VOID(check_journal(id, rows));
    RESTATE_TRY_VOID(check_suspended(id, rows));
  }
  RESTATE_TRY_VOID(check_objects(image));
  RESTATE_TRY_VOID(check_queues(image));
  const std::uint64_t head = image.number(keys::Variable::kOutboxHead);
  const std::uint64_t tail = image.number(keys::Variable::kOutboxSequence);
  for (const std::uint64_t sequence : image.outbox) {
    RESTATE_HOLDS(head <= sequence && sequence < tail, "I28", std::to_string(sequence),
                  "a message is outside the outbox");
  }
  return {};
}

// Statuses grow in this sense: what has started does not wait for its start again, what has ended
// does not run again. Within a batch a record may pass through several.
int stage(Status status) {
  switch (status) {
    case Status::kScheduled:
      return 0;
    case Status::kInboxed:
      return 1;
    case Status::kInvoked:
    case Status::kSuspended:
    case Status::kPaused:
      return 2;
    case Status::kCompleted:
      return 3;
  }
  RESTATE_UNREACHABLE();
}

Result<void> compare(const InvocationId& id, const Image::Invocation& before,
                     const Image::Invocation& after) {
  if (!before.status || !after.status) return {};
  const InvocationStatus& old = *before.status;
  const InvocationStatus& now = *after.status;
  if (old.incarnation != now.incarnation) {
    RESTATE_HOLDS(old.incarnation < now.incarnation, "I9", id.str(), "an earlier life came back");
    return {};
  }
  RESTATE_HOLDS(stage(old.status) <= stage(now.status), "I9", id.str(), "its status went back");
  RESTATE_HOLDS(old.timestamps.modified <= now.timestamps.modified &&
                    old.timestamps.created == now.timestamps.created,
                "I10", id.str(), "its time ran backwards");
  if (old.pinned) {
    RESTATE_HOLDS(now.pinned && now.pinned->protocol == old.pinned->protocol, "I15", id.str(),
                  "its protocol changed");
  }
  if (now.journal.length == 0 && now.status == Status::kCompleted) return {};
  for (const auto& [index, entry] : before.journal) {
    const auto found = after.journal.find(index);
    RESTATE_HOLDS(found != after.journal.end() && found->second == entry, "I18", id.str(),
                  "an entry of its journal changed");
  }
  return {};
}

Result<void> compare(const Image& before, const Image& after) {
  for (const auto& [id, rows] : after.invocations) {
    const auto old = before.invocations.find(id);
    if (old != before.invocations.end()) RESTATE_TRY_VOID(compare(id, old->second, rows));
  }
  for (const auto variable : {keys::Variable::kInboxSequence, keys::Variable::kOutboxSequence,
                              keys::Variable::kOutboxHead, keys::Variable::kAppliedLsn}) {
    RESTATE_HOLDS(before.number(variable) <= after.number(variable), "I28",
                  std::to_string(static_cast<int>(variable)), "a counter ran backwards");
  }
  const std::uint64_t old_features = before.number(keys::Variable::kFeatures);
  RESTATE_HOLDS((old_features & ~after.number(keys::Variable::kFeatures)) == 0, "I44", "features",
                "a feature was switched off");
  return {};
}

#undef RESTATE_HOLDS

}  // namespace

Result<void> check_invariants(const storage::View& rows) {
  RESTATE_TRY(const Image image, read_image(rows));
  return check(image);
}

struct InvariantChecker::Impl {
  std::optional<Image> before;
};

InvariantChecker::InvariantChecker() : impl_(std::make_unique<Impl>()) {}
InvariantChecker::~InvariantChecker() = default;

Result<void> InvariantChecker::observe(const storage::View& rows) {
  RESTATE_TRY(Image image, read_image(rows));
  RESTATE_TRY_VOID(check(image));
  if (impl_->before) RESTATE_TRY_VOID(compare(*impl_->before, image));
  impl_->before = std::move(image);
  return {};
}

}  // namespace restate::partition
