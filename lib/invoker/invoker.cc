#include "invoker/invoker.h"

#include "invoker/resident.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

namespace restate::invoker {

class Invoker::Impl final : public ResidentOwner, public SlotWaiter {
 public:
  Impl(Shard& shard, DeploymentClient& client, InvokerOptions options, SharedLimits& limits,
       InvokerHost& host, InvokerWatchers watchers)
      : options_(std::move(options)),
        slots_(limits.on(shard)),
        deadlines_(shard),
        around_{shard,
                client,
                options_,
                limits.memory().on(shard),
                host,
                *this,
                deadlines_,
                lingering_,
                watchers.metrics != nullptr ? *watchers.metrics : unwatched_,
                watchers.traces,
                {}} {}
  ~Impl() {
    abort_all();
    slots_.forget(*this);
  }

  void reconfigure(const InvokerOptions& options) { options_ = options; }

  void invoke(const InvocationId& invocation, std::uint32_t token,
              const wire::InvocationTarget& target, std::vector<wire::JournalEntry> journal,
              const std::optional<wire::RetryState>& queued) {
    abort(invocation);
    around_.metrics.enqueued.add();
    std::size_t bytes = 0;
    for (const wire::JournalEntry& entry : journal) bytes += entry.body.size() + sizeof entry;
    Place& place = places_[invocation];
    place.resident =
        std::make_unique<Resident>(around_, invocation, token, target, std::move(journal), queued);
    if (queue_.empty() && slots_.acquire(*this)) {
      begin(place);
    } else {
      if (queued_bytes_ + bytes > options_.queued_journal_bytes) {
        place.resident->drop_journal();
      } else {
        place.queued_bytes = bytes;
        queued_bytes_ += bytes;
      }
      enqueue(place);
    }
  }

  void abort(const InvocationId& invocation) {
    const auto found = places_.find(invocation);
    if (found == places_.end()) return;
    if (found->second.has_slot) slots_.release();
    queued_bytes_ -= found->second.queued_bytes;
    places_.erase(found);
  }

  void abort_all() {
    // No effects, no order: only slots and streams to give back.
    for (const auto& [invocation, place] : places_) {
      if (place.has_slot) slots_.release();
    }
    places_.clear();
    queue_.clear();
    queued_bytes_ = 0;
  }

  Resident* find(const InvocationId& invocation) const {
    const auto found = places_.find(invocation);
    return found == places_.end() ? nullptr : found->second.resident.get();
  }
  std::vector<std::pair<InvocationId, AttemptStatus>> statuses() const {
    std::vector<std::pair<InvocationId, AttemptStatus>> all;
    all.reserve(places_.size());
    std::for_each(places_.begin(), places_.end(), [&](const auto& each) {
      if (each.second.resident) all.emplace_back(each.first, each.second.resident->status());
    });
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return all;
  }
  std::size_t size() const { return places_.size(); }

  void on_over(Resident& resident) override { abort(resident.invocation()); }

  void on_waiting(Resident& resident) override {
    Place& place = places_.at(resident.invocation());
    if (std::exchange(place.has_slot, false)) slots_.release();
  }

  bool on_due(Resident& resident) override {
    Place& place = places_.at(resident.invocation());
    if (place.has_slot || place.queued) return place.has_slot;
    place.has_slot = queue_.empty() && slots_.acquire(*this);
    if (!place.has_slot) enqueue(place);
    return place.has_slot;
  }

  void on_slot() override {
    bool mine = true;  // the slot that was taken for us
    while (true) {
      Place* next = front();
      if (next == nullptr) {
        if (mine) slots_.release();
        return;
      }
      if (!mine && !slots_.acquire(*this)) return;
      mine = false;
      queue_.pop_front();
      begin(*next);
    }
  }

 private:
  struct Place {
    std::unique_ptr<Resident> resident;
    bool has_slot = false;
    bool queued = false;
    std::size_t queued_bytes = 0;  ///< of the journal that waits with it
  };
  struct Queued {
    InvocationId invocation;
    std::uint32_t token = 0;
  };

  void enqueue(Place& place) {
    place.queued = true;
    queue_.push_back({place.resident->invocation(), place.resident->token()});
  }

  void begin(Place& place) {
    place.has_slot = true;
    place.queued = false;
    queued_bytes_ -= std::exchange(place.queued_bytes, 0);
    place.resident->begin();
  }

  /// The first in the queue that is still here; null if nobody is.
  Place* front() {
    while (!queue_.empty()) {
      const auto found = places_.find(queue_.front().invocation);
      // Aborted, paused, or invoked anew since: then it stands further back.
      if (found != places_.end() && found->second.queued &&
          found->second.resident->token() == queue_.front().token) {
        return &found->second;
      }
      queue_.pop_front();
    }
    return nullptr;
  }

  InvokerOptions options_;
  ShardSlots& slots_;
  Deadlines deadlines_;
  LingeringExchanges lingering_;
  InvokerMetrics unwatched_;
  Surroundings around_;
  std::unordered_map<InvocationId, Place, IdHash> places_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
};

Invoker::Invoker(Shard& shard, DeploymentClient& client, InvokerOptions options,
                 SharedLimits& limits, InvokerHost& host, InvokerWatchers watchers)
    : impl_(std::make_unique<Impl>(shard, client, std::move(options), limits, host, watchers)) {}

Invoker::~Invoker() = default;

void Invoker::reconfigure(const InvokerOptions& options) { impl_->reconfigure(options); }

void Invoker::invoke(const InvocationId& invocation, std::uint32_t token,
                     const wire::InvocationTarget& target,
                     std::vector<wire::JournalEntry> journal,
                     const std::optional<wire::RetryState>& queued) {
  impl_->invoke(invocation, token, target, std::move(journal), queued);
}

void Invoker::notify(const InvocationId& invocation, std::uint32_t index, wire::EntryType type,
                     const wire::NotificationId& id, const Bytes& body) {
  if (Resident* resident = impl_->find(invocation)) resident->notify(index, type, id, body);
}

void Invoker::ack_command(const InvocationId& invocation, std::uint32_t command_index,
                          bool requested) {
  if (Resident* resident = impl_->find(invocation)) resident->ack_command(command_index, requested);
}

void Invoker::abort(const InvocationId& invocation) { impl_->abort(invocation); }

void Invoker::abort_all() { impl_->abort_all(); }

void Invoker::retry_now(const InvocationId& invocation) {
  if (Resident* resident = impl_->find(invocation)) resident->retry_now();
}

void Invoker::pause(const InvocationId& invocation) {
  if (Resident* resident = impl_->find(invocation)) resident->pause();
}

std::optional<AttemptStatus> Invoker::status(const InvocationId& invocation) const {
  const Resident* resident = impl_->find(invocation);
  if (resident == nullptr) return std::nullopt;
  return resident->status();
}

std::vector<std::pair<InvocationId, AttemptStatus>> Invoker::statuses() const {
  return impl_->statuses();
}

std::size_t Invoker::size() const { return impl_->size(); }

}  // namespace restate::invoker
