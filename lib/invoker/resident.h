#pragma once

/// \file
/// One invocation inside the invoker: its machines, its stream, its timers.

#include "invoker/attempt_span.h"
#include "invoker/deadlines.h"
#include "invoker/deployment_client.h"
#include "invoker/exchange.h"
#include "invoker/host.h"
#include "invoker/invoker.h"
#include "invoker/machine/attempt.h"
#include "invoker/machine/effects.h"
#include "invoker/machine/residency.h"
#include "invoker/memory.h"
#include "invoker/options.h"

#include <restate/runtime.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace restate::invoker {

class Resident;
struct PreparedAttempt;

class ResidentOwner {
 public:
  /// The invocation has left; the owner destroys `resident`.
  virtual void on_over(Resident& resident) = 0;
  /// It waits for a retry, and needs no slot until then.
  virtual void on_waiting(Resident& resident) = 0;
  /// The wait is over. True: it has a slot. False: it gets one by `begin`.
  virtual bool on_due(Resident& resident) = 0;

 protected:
  ~ResidentOwner() = default;
};

/// What all residents of an invoker share.
struct Surroundings {
  Shard& shard;
  DeploymentClient& client;
  const InvokerOptions& options;
  ShardMemory& memory;
  InvokerHost& host;
  ResidentOwner& owner;
  Deadlines& deadlines;
  LingeringExchanges& lingering;
  InvokerMetrics& metrics;
  trace::Sink* traces;  ///< null: nobody traces
  Effects effects;  ///< room for what one event leads to, used again and again
};

/// Every call, and every callback, may be its last: `ResidentOwner::on_over` comes at its end.
class Resident final : public AttemptListener, public DeadlineListener, public MemoryWaiter {
 public:
  Resident(Surroundings& around, const InvocationId& invocation, std::uint32_t token,
           const wire::InvocationTarget& target, std::vector<wire::JournalEntry> journal,
           const std::optional<wire::RetryState>& queued = {})
      : around_(around),
        invocation_(invocation),
        token_(token),
        target_(target),
        journal_(std::move(journal)),
        residency_(queued),
        deadline_(*this) {}
  ~Resident() {
    if (waits_for_memory_) around_.memory.forget(*this);
  }

  const InvocationId& invocation() const { return invocation_; }
  std::uint32_t token() const { return token_; }
  AttemptStatus status() const;
  /// The first attempt will read its journal: a long queue must not hold all inputs in memory.
  void drop_journal() { journal_ = {}; }

  /// A slot is free: the first attempt, or the one that was due.
  void begin() { start_attempt(); }
  void notify(std::uint32_t index, wire::EntryType type, const wire::NotificationId& id,
              const Bytes& body);
  void ack_command(std::uint32_t command_index, bool requested);
  void retry_now();
  void pause();

  void on_head(const protocol::ResponseHeadView& head) override;
  void on_data(Bytes data) override;
  void on_end() override;
  void on_error(const TransportFailure& failure) override;
  void on_drained() override;
  void on_deadline() override;
  void on_memory(Lease lease) override;

 private:
  /// Looks now and then at what the attempt still holds.
  struct Look final : DeadlineListener {
    explicit Look(Resident& r) : resident(r), deadline(*this) {}
    void on_deadline() override { static_cast<void>(resident.account()); }
    Resident& resident;
    Deadline deadline;
  };
  void start_attempt();
  /// Opens a span of its own for the attempt, if its invocation is traced.
  void start_span(PreparedAttempt& prepared);
  bool has_room() const { return exchange_->stream().unsent_bytes() <= kReplayHighWater; }
  /// Brings the lease in line with what the attempt holds, or ends the attempt. False if the resident
  /// is gone.
  bool account();
  /// Writes journal as long as the stream takes it.
  void pump_replay();
  /// False if the resident is gone.
  bool carry_out();
  void on_attempt_over(Outcome outcome);
  /// The log cannot take an effect. Those from `from` on are void.
  void on_refused(const Error& why, std::size_t from);
  /// How an attempt ended. `kVoid`: it was none, since the invocation had ended before.
  enum class Kind : std::uint8_t { kEnded, kSuspended, kFailed, kVoid };
  static Kind kind_of(const Outcome& outcome);
  /// Counts what is over; `ran`: the endpoint was asked. `effects` from `first` on: what follows.
  void end_span(Kind kind, const Effects& effects, std::size_t first);
  void count(Kind kind, bool ran, const Effects& effects, std::size_t first);
  void let_go(bool orderly);
  /// The endpoint is read no faster than the log stores what it says.
  void on_proposed(const wire::Effect& effect);
  void on_stored();
  void warn_of_size(const wire::Effect& effect);

  Surroundings& around_;
  const InvocationId invocation_;
  const std::uint32_t token_;
  const wire::InvocationTarget target_;
  std::vector<wire::JournalEntry> journal_;  ///< for the first attempt
  Residency residency_;
  std::optional<Attempt> attempt_;
  std::unique_ptr<Exchange> exchange_;
  Deadline deadline_;
  bool waits_for_memory_ = false;
  Lease lease_;  ///< on messages in the stream and in the decoder
  Look look_{*this};
  Lease unstored_lease_;
  std::size_t unstored_ = 0;  ///< bytes of entries proposed since the log owed nothing
  bool reading_paused_ = false;
  SetTimeout::Kind waiting_for_ = SetTimeout::Kind::kInactivity;
  std::unique_ptr<Timer> retry_timer_;

  Instant attempt_since_;
  bool attempt_runs_ = false;
  AttemptSpan span_;
  std::optional<WallTime> last_start_at_;
  std::optional<WallTime> next_retry_at_;
  std::optional<DeploymentId> last_deployment_;
  std::optional<std::string> last_server_;
};

}  // namespace restate::invoker
