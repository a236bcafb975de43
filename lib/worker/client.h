#pragma once

/// \file
/// The way to a partition's leader for whoever has a request: ingress, admin, native clients. Routes
/// by partition key; hides which shard (later: which node) leads.

#include "schema/schema.h"

#include <restate/completion.h>
#include <restate/partition/actions.h>
#include <restate/wire/commands.h>

#include <optional>
#include <string>
#include <variant>

namespace restate::worker {

/// How far to wait.
enum class WaitFor : std::uint8_t {
  kAppended,   ///< the record is durable
  kSubmitted,  ///< it is applied: is it new, and when does it run
  kOutput,     ///< the invocation has ended
};

struct InvokeReply {
  InvocationId invocation;
  bool is_new = true;                         ///< kSubmitted
  std::optional<WallTime> execution_time;     ///< kSubmitted
  std::optional<WallTime> completion_expiry;  ///< kOutput, from a retained completion
  wire::InvocationResult result;              ///< kOutput
};

struct OutputReply {
  enum class Kind : std::uint8_t { kReady, kNotFound, kNotReady };
  Kind kind = Kind::kNotFound;
  InvocationId invocation;
  std::optional<WallTime> completion_expiry;
  wire::InvocationResult result;
  /// kReady: what ran; its handler knows the content type of the output.
  std::optional<wire::InvocationTarget> target;
};

/// How a resume or a restart picks its deployment.
struct DeploymentChoice {
  enum class Kind : std::uint8_t { kKeep, kLatest, kId };
  Kind kind = Kind::kKeep;
  std::optional<DeploymentId> id;
};

/// What became of an operator's request, before it is an HTTP status.
struct OperationReply {
  enum class Kind : std::uint8_t {
    kOutcome,             ///< see `outcome`
    kUnsupported,         ///< workflows cannot be restarted; old protocols cannot from an index
    kDeploymentNotFound,
    kIncompatibleDeployment,
    kCopyRangeInvalid,
  };
  Kind kind = Kind::kOutcome;
  partition::OperationOutcome outcome = partition::OperationOutcome::kOk;
  std::optional<InvocationId> new_invocation;
  std::string message;  ///< for the last three
};

/// Errors of every call: `kNotLeader`, `kOverloaded` (nothing happened), `kUnavailable` (unknown:
/// retry with the same request id), `kFailed`, `kShutdown`. Completions run on the shard of the
/// completion.
class PartitionClient {
 public:
  virtual ~PartitionClient() = default;

  /// Proposes an invocation. The client sets source, sinks and the request id; the id inside is
  /// chosen by the caller, once per request, so that a retry finds its first try.
  /// `stored` (may be empty) runs once the invocation is durable, on the shard of `done` and before
  /// it, or never: whoever waits for the output need not keep the argument from then on, because
  /// `output` finds the invocation, or its end if that is retained.
  virtual void invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
                      Completion<InvokeReply> done, Function<void()> stored) = 0;
  void invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
              Completion<InvokeReply> done) {
    invoke(std::move(invocation), request, wait, std::move(done), {});
  }
  /// The result of an invocation: waits for it (`block`), or tells how it stands now.
  virtual void output(InvocationId invocation, RequestId request, bool block,
                      Completion<OutputReply> done) = 0;
  /// Nobody waits for this request any more: what is held for it may go, and its completion may
  /// answer `kCancelled`. What it has started goes on.
  virtual void forget(InvocationId invocation, RequestId request) {
    static_cast<void>(invocation), static_cast<void>(request);
  }
  /// Completes once the record is durable, whatever the target's state.
  virtual void signal(wire::NotifySignal signal, Completion<void> done) = 0;
  virtual void patch_state(wire::PatchState patch, Completion<void> done) = 0;

  virtual void terminate(InvocationId invocation, wire::Terminate::Flavor flavor, RequestId request,
                         Completion<OperationReply> done) = 0;
  virtual void purge(InvocationId invocation, RequestId request, bool journal_only,
                     Completion<OperationReply> done) = 0;
  virtual void resume(InvocationId invocation, DeploymentChoice deployment, RequestId request,
                      Completion<OperationReply> done) = 0;
  virtual void pause(InvocationId invocation, RequestId request,
                     Completion<OperationReply> done) = 0;
  virtual void restart_as_new(InvocationId invocation, std::uint32_t from,
                              DeploymentChoice deployment, RequestId request,
                              Completion<OperationReply> done) = 0;
  /// From then on nobody starts from that queue, or somebody does again; what runs goes on. Completes
  /// once the record is durable, whether there is such a queue or not.
  virtual void pause_queue(wire::QueueId queue, bool paused, Completion<void> done) = 0;
  /// True once every local partition has a leader that serves.
  virtual bool ready() const = 0;
};

}  // namespace restate::worker
