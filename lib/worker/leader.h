#pragma once

/// \file
/// What a node does while it leads a partition: carries out actions, runs invocations, fires timers,
/// moves the outbox, cleans up, and answers requests. Born when its own announcement is applied; all
/// it knows comes from the tables, and all it wants to change goes through the log.

#include "invoker/host.h"
#include "invoker/invoker.h"
#include "partition/status.h"
#include "worker/cleaner.h"
#include "worker/client.h"
#include "worker/processor.h"
#include "worker/queue_scan.h"
#include "worker/requests.h"
#include "worker/scheduler.h"
#include "worker/shuffle.h"
#include "worker/start_scan.h"
#include "worker/timer_service.h"

#include <restate/partition/actions.h>

#include <optional>
#include <unordered_map>

namespace restate::worker {

class Leader final : private invoker::InvokerHost {
 public:
  Leader(PartitionProcessor& processor, LeaderEpoch epoch);
  ~Leader();

  LeaderEpoch epoch() const { return epoch_; }

  /// Takes up the work that the tables hold; what ran is found and started by and by. Call once,
  /// right after the announcement.
  Result<void> begin();
  /// Carries out one action of a committed batch.
  void run(partition::Action& action);
  /// The proposer is full no longer: what has waited for that goes on.
  void on_room();

  // Requests, as PartitionClient has them; on this shard.
  void invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
              Completion<InvokeReply> done, Function<void()> stored = {});
  /// Nobody waits for the answer any more.
  void forget(RequestId request) { requests_.forget(request); }
  void output(InvocationId invocation, RequestId request, bool block, Completion<OutputReply> done);
  /// Appends without this leader's dedup: whoever leads next applies it all the same.
  void append(wire::Command command, Completion<void> done);
  /// Proposes `command` and waits for its outcome.
  void operate(RequestId request, wire::Command command, Completion<OperationReply> done);
  void resume(InvocationId invocation, const DeploymentChoice& deployment, RequestId request,
              Completion<OperationReply> done);
  void pause(InvocationId invocation, RequestId request, Completion<OperationReply> done);
  void pause_queue(wire::QueueId queue, bool paused, Completion<void> done);
  void restart_as_new(InvocationId invocation, std::uint32_t from,
                      const DeploymentChoice& deployment, RequestId request,
                      Completion<OperationReply> done);

  invoker::Invoker& invoker() { return invoker_; }
  /// The limits in force: those that the log holds.
  const schema::RuleBook& rules() const { return *rules_; }
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  Result<void> on_effect(const InvocationId& invocation, std::uint32_t token,
                         wire::Effect effect) override;
  Result<invoker::InvocationInput> read_invocation(const InvocationId& invocation) override;
  Result<void> read_journal(const InvocationId& invocation, std::uint32_t from, std::uint32_t to,
                            std::size_t max_bytes, invoker::JournalReader& reader) override;
  Result<invoker::StateInput> read_state(const wire::InvocationTarget& target, PartitionKey key,
                                         std::size_t max_bytes) override;
  schema::SchemaPtr schema() override { return context_.schema(); }

  /// The row of an invocation, which is read into `room` unless it is at hand; null: there is none.
  Result<const partition::InvocationStatus*> find_invocation(
      const InvocationId& invocation, std::optional<partition::InvocationStatus>& room) const;
  void start_attempt(partition::InvokeAction action);
  /// Counts who waits and who runs, and takes back what the leader before has let run; by and by.
  Result<void> begin_queues();
  QueueScan::Host queue_scan_host();
  /// Lets the scheduler decide, once this turn's actions have been told to it.
  void schedule_decisions();
  void decide();
  std::vector<wire::QueuePlace> load_waiters(const wire::QueueId& queue, bool fresh,
                                             const std::optional<wire::QueuePlace>& after,
                                             std::size_t limit);
  std::vector<DueTimer> load_timers(const std::optional<wire::TimerKey>& after, std::size_t limit);
  std::vector<OutboxRow> read_outbox(std::uint64_t from, std::size_t rows, std::size_t bytes);
  /// Whether every command up to journal index `upto` has all of its completions.
  Result<bool> prefix_is_complete(const InvocationId& invocation, std::uint32_t length,
                                  std::uint32_t upto);
  /// Whether what a restart up to there copies is little enough to be written at once.
  Result<bool> prefix_is_small(const InvocationId& invocation, std::uint32_t upto);
  /// Puts the registry into the log, if the log knows an older one.
  void propose_schema(const schema::Schema& schema);
  /// Takes up the rules that the log holds, and the newer ones that come.
  Result<void> begin_rules();
  void propose_rules(const schema::RuleBook& book);
  void on_rules(std::uint64_t version, const Bytes& book);
  void send(PartitionId destination, std::vector<OutboxRow> messages, Completion<void> done);

  PartitionProcessor& processor_;
  ShardContext& context_;
  const LeaderEpoch epoch_;
  /// The attempts whose effects are taken down. One that ended, or was aborted, is not among them.
  struct Attempt {
    std::uint32_t token = 0;
    wire::Incarnation incarnation;
    std::size_t name_bytes = 0;  ///< of its target
  };
  std::uint32_t next_token_ = 1;
  std::unordered_map<InvocationId, Attempt, IdHash> attempts_;
  PendingRequests requests_;
  invoker::Invoker invoker_;
  TimerService timers_;
  Shuffle shuffle_;
  Cleaner cleaner_;
  StartScan start_scan_;
  Scheduler scheduler_;
  QueueScan queue_scan_;
  std::unique_ptr<Timer> scheduler_alarm_;
  bool decides_ = false;  ///< decisions are to be made at the end of the turn
  std::uint64_t proposed_schema_ = 0;
  std::unique_ptr<schema::SchemaSource::Watch> registry_watch_;
  schema::RuleBookPtr rules_ = schema::snapshot(schema::RuleBook{});  ///< as of the applied log
  std::uint64_t proposed_rules_ = 0;
  std::unique_ptr<schema::RuleSource::Watch> rules_watch_;
  Scope scope_;
};

}  // namespace restate::worker
