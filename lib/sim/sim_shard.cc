#include "sim/sim_shard.h"

#include "sim/sim_network.h"
#include "sim/sim_node.h"

#include <optional>

namespace restate::sim {
namespace {

using std::chrono::microseconds;

// A turn follows what caused it closely, but not always before the next packet: real loops gather
// several callbacks into one turn.
constexpr Duration kTurnDelay = microseconds(3);
constexpr Duration kWakeDelay = microseconds(30);
constexpr Duration kShortestJob = microseconds(10);
constexpr Duration kLongestJob = microseconds(2000);

class SimTimer final : public Timer {
 public:
  SimTimer(SimShard& shard, Task fire)
      : shard_(shard), fire_(std::make_shared<Task>(std::move(fire))) {}
  ~SimTimer() override { cancel(); }

  void arm(Instant at) override {
    cancel();
    if (!shard_.node().running()) return;
    deadline_ = at;
    schedule(shard_.node().world_time_of(at));
  }
  void cancel() override {
    if (event_) shard_.core().queue().remove(*event_);
    event_.reset();
  }
  bool armed() const override { return event_.has_value(); }

 private:
  void schedule(Instant world_at) {
    event_ = shard_.core().schedule(world_at, shard_.node().index(), [this] { on_event(); });
  }
  void on_event() {
    event_.reset();
    const Instant awake = shard_.node().awake_at();
    if (shard_.core().now() < awake) return schedule(awake);
    // The drift changed since it was armed.
    if (shard_.now() < deadline_) return schedule(shard_.node().world_time_of(deadline_));
    // What it runs may destroy the timer.
    const std::shared_ptr<Task> fire = fire_;
    (*fire)();
  }

  SimShard& shard_;
  std::shared_ptr<Task> fire_;
  Instant deadline_;
  std::optional<EventKey> event_;
};

}  // namespace

SimShard::SimShard(Core& core, SimNode& node, SimNetwork& network, std::uint32_t index)
    : core_(core),
      node_(node),
      index_(index),
      random_(core.random().fork()),
      network_(network.make_for(*this)) {}

Instant SimShard::now() const { return node_.now(); }
WallTime SimShard::wall_now() const { return node_.wall_now(); }
Logger& SimShard::log() { return node_.logger(); }
detail::Unanswered SimShard::unanswered_policy() const { return node_.unanswered_policy(); }

void SimShard::post(Task task) {
  if (!node_.running()) return;
  queue_.post(std::move(task));
  schedule_turn(kTurnDelay);
}

void SimShard::post_remote(Task task) {
  if (!node_.running()) return;
  mailbox_.push_back(std::move(task));
  schedule_turn(kWakeDelay);
}

void SimShard::at_turn_end(TurnPhase phase, TurnActor& actor) {
  if (!node_.running()) return;
  queue_.at_turn_end(phase, actor);
  schedule_turn(kTurnDelay);
}

void SimShard::schedule_turn(Duration longest_delay) {
  if (turn_scheduled_) return;
  turn_scheduled_ = true;
  core_.schedule(core_.now() + core_.between({}, longest_delay), node_.index(),
                 [this] { run_turn(); });
}

void SimShard::run_turn() {
  const Instant awake = node_.awake_at();
  if (core_.now() < awake) {
    core_.schedule(awake, node_.index(), [this] { run_turn(); });
    return;
  }
  std::vector<Task> mailbox;
  mailbox.swap(mailbox_);
  for (Task& task : mailbox) queue_.post(std::move(task));
  queue_.run_round();
  turn_scheduled_ = false;
  if (!queue_.idle() || !mailbox_.empty()) schedule_turn(kTurnDelay);
}

std::unique_ptr<Timer> SimShard::make_timer(Task fire) {
  return std::make_unique<SimTimer>(*this, std::move(fire));
}

void SimShard::run_blocking(Task job, Task done) {
  if (!node_.running()) return;
  const Instant at = core_.now() + core_.between(kShortestJob, kLongestJob);
  core_.schedule(at, node_.index(), [this, job = std::move(job), done = std::move(done)]() mutable {
    run_job(std::move(job), std::move(done));
  });
}

void SimShard::run_job(Task job, Task done) {
  const Instant awake = node_.awake_at();
  if (core_.now() < awake) {
    core_.schedule(awake, node_.index(),
                   [this, job = std::move(job), done = std::move(done)]() mutable {
                     run_job(std::move(job), std::move(done));
                   });
    return;
  }
  job();
  job = nullptr;  // what it owns dies on the pool, as in the real one
  core_.schedule(core_.now() + core_.between({}, kWakeDelay), node_.index(),
                 [this, done = std::move(done)]() mutable { post_remote(std::move(done)); });
}

void SimShard::clear() {
  // Both may post into each other while they die.
  while (!mailbox_.empty() || !queue_.idle()) {
    std::vector<Task> mailbox;
    mailbox.swap(mailbox_);
    queue_.clear();
  }
  turn_scheduled_ = false;
}

}  // namespace restate::sim
