#include "partition/image.h"

#include "partition/rows.h"

#include <utility>

namespace restate::partition {

namespace {

// Decodes one row into the image; false if it is no such row.
bool add_of_invocation(std::string_view tag, std::string_view key, const Bytes& value,
                       Image& image) {
  if (tag == keys::kStatus) {
    const auto id = keys::decode_status(key);
    auto status = rows::decode_status(value);
    if (!id || !status) return false;
    image.invocations[*id].status = std::move(*status);
    return true;
  }
  if (tag == keys::kJournal) {
    const auto at = keys::decode_journal(key);
    auto entry = rows::decode_entry(value);
    if (!at || !entry) return false;
    image.invocations[at->invocation].journal.emplace(at->index, std::move(*entry));
    return true;
  }
  if (tag == keys::kAnnounced) {
    const auto at = keys::decode_journal(key);
    if (!at) return false;
    const auto row = rows::decode_announced(at->index, value);
    if (!row) return false;
    image.invocations[at->invocation].announced.emplace(at->index, *row);
    return true;
  }
  if (tag == keys::kArrivals) {
    const auto at = keys::decode_arrival(key);
    if (!at) return false;
    auto row = rows::decode_arrival(at->notification, value);
    if (!row) return false;
    image.invocations[at->invocation].arrivals.emplace(at->notification, std::move(*row));
    return true;
  }
  const auto at = keys::decode_event(key);
  if (!at || !rows::decode_event(value)) return false;
  ++image.invocations[at->invocation].events;
  return true;
}

bool add_of_object(std::string_view tag, std::string_view key, const Bytes& value, Image& image) {
  if (tag == keys::kLocks) {
    const auto object = keys::decode_lock(key);
    const auto lock = rows::decode_lock(value);
    if (!object || !lock) return false;
    image.objects[*object].lock = *lock;
    return true;
  }
  if (tag == keys::kInbox) {
    const auto at = keys::decode_inbox(key);
    auto entry = rows::decode_inbox(value);
    if (!at || !entry) return false;
    if (const auto* id = std::get_if<InvocationId>(&*entry)) {
      image.invocations[*id].inboxed.push_back(at->sequence);
    }
    image.objects[at->object].inbox.emplace(at->sequence, std::move(*entry));
    return true;
  }
  const auto at = keys::decode_object_row(key);
  if (!at) return false;
  if (tag == keys::kState) {
    auto state = rows::decode_state(value);
    if (!state) return false;
    image.objects[at->object].state.emplace(at->name, std::move(*state));
    return true;
  }
  auto promise = rows::decode_promise(value);
  if (!promise) return false;
  image.objects[at->object].promises.emplace(at->name, std::move(*promise));
  return true;
}

bool add_of_queue(std::string_view tag, std::string_view key, const Bytes& value, Image& image) {
  if (tag == keys::kQueues) {
    const auto id = keys::decode_queue(key);
    auto queue = rows::decode_queue(value);
    if (!id || !queue) return false;
    image.queues.emplace(*id, std::move(*queue));
    return true;
  }
  if (tag == keys::kQueueEntries) {
    const auto id = keys::decode_queue_entry(key);
    const auto entry = rows::decode_queue_entry(value);
    if (!id || !entry) return false;
    image.invocations[*id].entry = *entry;
    return true;
  }
  const auto place = keys::decode_queue_place(key);
  if (!place) return false;
  Image::Invocation& rows = image.invocations[place->invocation];
  (tag == keys::kQueueInbox ? rows.waits : rows.runs).push_back(*place);
  return true;
}

bool add_of_partition(std::string_view tag, std::string_view key, const Bytes& value,
                      Image& image) {
  if (tag == keys::kTimers) {
    const auto at = keys::decode_timer(key);
    auto timer = rows::decode_timer(value);
    if (!at || !timer || timer->key.invocation.key != at->invocation.key) return false;
    timer->key = *at;
    image.invocations[at->invocation].timers.push_back(*timer);
    return true;
  }
  if (tag == keys::kOutbox) {
    const auto sequence = keys::decode_outbox(key);
    if (!sequence || !rows::decode_outbox(value)) return false;
    image.outbox.push_back(*sequence);
    return true;
  }
  const auto variable = keys::decode_variable(key);
  if (!variable) return false;
  image.variables.emplace(*variable, value);
  return true;
}

bool add(std::string_view key, const Bytes& value, Image& image) {
  const std::string_view tag = key.substr(0, 2);
  if (tag == keys::kStatus || tag == keys::kJournal || tag == keys::kAnnounced ||
      tag == keys::kArrivals || tag == keys::kEvents) {
    return add_of_invocation(tag, key, value, image);
  }
  if (tag == keys::kLocks || tag == keys::kInbox || tag == keys::kState || tag == keys::kPromises) {
    return add_of_object(tag, key, value, image);
  }
  if (tag == keys::kTimers || tag == keys::kOutbox || tag == keys::kFsm) {
    return add_of_partition(tag, key, value, image);
  }
  if (tag == keys::kQueues || tag == keys::kQueueEntries || tag == keys::kQueueInbox ||
      tag == keys::kQueueRunning) {
    return add_of_queue(tag, key, value, image);
  }
  return tag == keys::kDedup;
}

}  // namespace

std::uint64_t Image::number(keys::Variable variable) const {
  const auto found = variables.find(variable);
  if (found == variables.end()) return 0;
  return rows::decode_number(found->second).value_or(0);
}

Result<Image> read_image(const storage::View& rows) {
  Image image;
  std::optional<Error> damage;
  storage::RowCallback row([&](std::string_view key, std::string_view value) {
    if (add(key, Bytes(value), image)) return true;
    damage = rows::corrupt(key.substr(0, 2), key);
    return false;
  });
  RESTATE_TRY_VOID(rows.scan({}, {}, row));
  if (damage) return std::move(*damage);
  return image;
}

}  // namespace restate::partition
