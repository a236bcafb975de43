#include "rows_text.h"

#include "partition/await_tree.h"
#include "partition/keys.h"
#include "partition/rows.h"

#include <variant>

namespace restate::testing {

namespace {

using namespace partition;

std::string text(const wire::NotificationId& id) {
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) {
    return "completion " + std::to_string(completion->value);
  }
  if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    return "signal " + std::to_string(index->value);
  }
  return "signal '" + std::get<wire::SignalName>(id).value + "'";
}

std::string text(const wire::InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) return "\"" + value->str() + "\"";
  const auto& failure = std::get<wire::Failure>(result);
  return "[" + std::to_string(failure.code) + "] " + failure.message;
}

std::string text(const ObjectKey& object) { return object.service + "/" + object.key; }

std::string status_text(const Bytes& value) {
  const auto status = rows::decode_status(value);
  if (!status) return "damaged";
  std::string out(to_string(status->status));
  out += " " + status->target.str() + " journal " + std::to_string(status->journal.length) + "/" +
         std::to_string(status->journal.commands);
  if (!status->sinks.empty()) out += " sinks " + std::to_string(status->sinks.size());
  if (status->pinned) out += " pinned " + status->pinned->id.str();
  if (status->status == Status::kInboxed) out += " seq " + std::to_string(status->inbox_sequence);
  if (status->status == Status::kSuspended) out += " on " + to_json(status->awaiting);
  if (status->result) out += " result " + text(*status->result);
  return out;
}

std::string inbox_text(const Bytes& value) {
  const auto row = rows::decode_inbox(value);
  if (!row) return "damaged";
  if (const auto* id = std::get_if<InvocationId>(&*row)) return id->str();
  std::string out = "state {";
  for (const auto& [key, state] : std::get<StateMutation>(*row).state) {
    out += " " + key + "=" + state.str();
  }
  return out + " }";
}

std::string promise_text(const Bytes& value) {
  const auto row = rows::decode_promise(value);
  if (!row) return "damaged";
  if (row->result) return text(*row->result);
  std::string out = "awaited by";
  for (const auto& listener : row->listeners) {
    out += " " + listener.caller.str() + ":" + std::to_string(listener.completion);
  }
  return out;
}

std::string text(const wire::QueuePosition& at) {
  return std::string(at.fresh ? "fresh" : "again") + " at " + std::to_string(at.run_at.ms) + " #" +
         std::to_string(at.sequence);
}

std::string queue_text(const Bytes& value) {
  const auto queue = rows::decode_queue(value);
  if (!queue) return "damaged";
  std::string out = queue->scope;
  if (!queue->limit_key.empty()) out += " " + queue->limit_key;
  out += " " + queue->service;
  if (queue->object) out += "/" + *queue->object;
  out += " entries " + std::to_string(queue->entries);
  return queue->paused ? out + " paused" : out;
}

std::string queue_entry_text(const Bytes& value) {
  const auto entry = rows::decode_queue_entry(value);
  if (!entry) return "damaged";
  std::string out(to_string(entry->stage));
  out.append(" ").append(to_string(entry->reason)).append(" ").append(text(entry->at));
  out += " runs " + std::to_string(entry->runs);
  if (entry->retry.attempts > 0) out += " attempts " + std::to_string(entry->retry.attempts);
  return out;
}

std::string variable_text(std::string_view key, const Bytes& value) {
  const auto id = static_cast<keys::Variable>(static_cast<unsigned char>(key[key.size() - 2]) << 8 |
                                              static_cast<unsigned char>(key.back()));
  switch (id) {
    case keys::Variable::kLeader:
      return "fs leader epoch " + std::to_string(rows::decode_leader(value)->epoch.value);
    case keys::Variable::kBarrier:
      return "fs barrier " + rows::decode_barrier(value)->min_version;
    case keys::Variable::kDurability:
      return "fs durable " + std::to_string(rows::decode_durability(value)->durable_lsn);
    case keys::Variable::kSchema:
      return "fs schema version " + std::to_string(rows::decode_schema(value)->version);
    case keys::Variable::kRuleBook:
      return "fs rules version " + std::to_string(rows::decode_rule_book(value)->version);
    case keys::Variable::kFeatures:
      return "fs features " + std::to_string(*rows::decode_number(value));
    case keys::Variable::kInboxSequence:
    case keys::Variable::kOutboxSequence:
    case keys::Variable::kAppliedLsn:
    case keys::Variable::kStorageFormat:
    case keys::Variable::kSeal:
    case keys::Variable::kOutboxHead:
      return {};
  }
  return "fs unknown";
}

std::string key_text(std::string_view tag, std::string_view key) {
  if (tag == keys::kStatus) return keys::decode_status(key)->str();
  if (tag == keys::kJournal || tag == keys::kAnnounced) {
    const auto row = keys::decode_journal(key);
    return row->invocation.str() + " " + std::to_string(row->index);
  }
  if (tag == keys::kArrivals) {
    const auto row = keys::decode_arrival(key);
    return row->invocation.str() + " " + text(row->notification);
  }
  if (tag == keys::kEvents) return keys::decode_event(key)->invocation.str();
  if (tag == keys::kLocks) return text(*keys::decode_lock(key));
  if (tag == keys::kInbox) {
    const auto row = keys::decode_inbox(key);
    return text(row->object) + " " + std::to_string(row->sequence);
  }
  if (tag == keys::kState || tag == keys::kPromises) {
    const auto row = keys::decode_object_row(key);
    return text(row->object) + " " + row->name;
  }
  if (tag == keys::kTimers) {
    const auto row = keys::decode_timer(key);
    return std::to_string(row->at.ms) + (row->kind == wire::TimerKind::kCompleteSleep
                                             ? " sleep " + std::to_string(row->completion)
                                             : std::string(" start"));
  }
  if (tag == keys::kQueues) return {};  // a digest says nothing
  if (tag == keys::kQueueEntries) return keys::decode_queue_entry(key)->str();
  if (tag == keys::kQueueInbox || tag == keys::kQueueRunning) {
    const auto place = keys::decode_queue_place(key);
    return place->invocation.str() + " " + text(place->at);
  }
  return std::to_string(*keys::decode_outbox(key));
}

std::string value_text(std::string_view tag, const Bytes& value) {
  if (tag == keys::kStatus) return status_text(value);
  if (tag == keys::kJournal) {
    return std::string(wire::entry_type_name(*rows::decode_entry_type(value.view())));
  }
  if (tag == keys::kAnnounced) {
    return "by entry " + std::to_string(rows::decode_announced(0, value)->command);
  }
  if (tag == keys::kArrivals) {
    return "in entry " + std::to_string(rows::decode_arrival(wire::CompletionId{}, value)->index);
  }
  if (tag == keys::kEvents) return rows::decode_event(value)->event.json.str();
  if (tag == keys::kLocks) {
    const auto lock = rows::decode_lock(value);
    return "locked by " + lock->holder.str() + ", waiting " + std::to_string(lock->waiting);
  }
  if (tag == keys::kInbox) return inbox_text(value);
  if (tag == keys::kState) return rows::decode_state(value)->str();
  if (tag == keys::kPromises) return promise_text(value);
  if (tag == keys::kQueues) return queue_text(value);
  if (tag == keys::kQueueEntries) return queue_entry_text(value);
  return {};
}

}  // namespace

std::string describe_row(std::string_view key, std::string_view value, bool erased) {
  const std::string_view tag = key.substr(0, 2);
  if (tag == keys::kDedup) return {};
  if (tag == keys::kFsm) {
    const std::string variable = variable_text(key, Bytes(value));
    return variable.empty() ? variable : "+ " + variable;
  }
  std::string out(erased ? "- " : "+ ");
  out.append(tag).append(" ").append(key_text(tag, key));
  if (erased) return out;
  const std::string rest = value_text(tag, Bytes(value));
  return rest.empty() ? out : out + ": " + rest;
}

}  // namespace restate::testing
