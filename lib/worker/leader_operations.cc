#include "worker/leader.h"

#include "common/hash.h"
#include "partition/copied_journal.h"
#include "partition/tables.h"
#include "worker/limits.h"
#include "worker/router.h"

#include <algorithm>
#include <set>

// What operators ask of an invocation: operations that need a look at its rows before a command
// goes into the log.

namespace restate::worker {
namespace {

using partition::InvocationStatus;
using partition::OperationOutcome;
using partition::Status;

OperationReply outcome(OperationOutcome value) {
  OperationReply reply;
  reply.outcome = value;
  return reply;
}

OperationReply refusal(OperationReply::Kind kind, std::string message) {
  OperationReply reply;
  reply.kind = kind;
  reply.message = std::move(message);
  return reply;
}

struct Chosen {
  std::optional<DeploymentId> deployment;
  std::optional<OperationReply> refused;
};

/// The deployment that `choice` names; it exists.
Chosen find_choice(const schema::Schema& schema, const InvocationStatus& status,
                   const DeploymentChoice& choice) {
  const auto refused = [](std::string message) {
    return Chosen{{}, refusal(OperationReply::Kind::kDeploymentNotFound, std::move(message))};
  };
  if (choice.kind == DeploymentChoice::Kind::kLatest) {
    const schema::ServiceRevision* service = schema.find_service(status.target.service);
    if (service == nullptr) return refused("no deployment serves '" + status.target.service + "'");
    return {service->deployment, {}};
  }
  const DeploymentId wanted = choice.id.value_or(DeploymentId{});
  if (schema.find_deployment(wanted) == nullptr) {
    return refused("deployment " + wanted.str() + " does not exist");
  }
  return {wanted, {}};
}

/// What is refused is so because of the protocol that `status` is pinned to.
Chosen fit_to_protocol(const schema::Schema& schema, const InvocationStatus& status,
                       Chosen chosen) {
  if (chosen.refused) return chosen;
  const schema::Deployment* deployment = schema.find_deployment(*chosen.deployment);
  const int pinned = status.pinned->protocol;
  if (deployment != nullptr && pinned >= deployment->min_protocol &&
      pinned <= deployment->max_protocol) {
    return chosen;
  }
  if (deployment == nullptr) {
    return {{}, refusal(OperationReply::Kind::kDeploymentNotFound,
                        "deployment " + chosen.deployment->str() + " does not exist")};
  }
  return {{}, refusal(OperationReply::Kind::kIncompatibleDeployment,
                      "the invocation speaks protocol version " + std::to_string(pinned) +
                          ", deployment " + chosen.deployment->str() + " versions " +
                          std::to_string(deployment->min_protocol) + " to " +
                          std::to_string(deployment->max_protocol))};
}

/// The deployment that an invocation goes on with. Nothing: no change.
Chosen choose_for_resume(const schema::Schema& schema, const InvocationStatus& status,
                         const DeploymentChoice& choice) {
  if (choice.kind == DeploymentChoice::Kind::kKeep) return {};
  if (!status.pinned) {
    // Unpinned invocations take the latest deployment anyway, and cannot be given another one.
    if (choice.kind == DeploymentChoice::Kind::kLatest) return {};
    return {{}, outcome(OperationOutcome::kCannotChangeDeployment)};
  }
  return fit_to_protocol(schema, status, find_choice(schema, status, choice));
}

/// The same for a new life: an original that was never pinned makes one that is not, whatever was
/// asked for, but what does not exist is refused.
Chosen choose_for_restart(const schema::Schema& schema, const InvocationStatus& status,
                          const DeploymentChoice& choice) {
  if (choice.kind == DeploymentChoice::Kind::kKeep) return {};
  Chosen chosen = find_choice(schema, status, choice);
  if (status.pinned) return fit_to_protocol(schema, status, std::move(chosen));
  chosen.deployment.reset();
  return chosen;
}

}  // namespace

void Leader::resume(InvocationId invocation, const DeploymentChoice& deployment, RequestId request,
                    Completion<OperationReply> done) {
  auto status = processor_.machine().tables().find_invocation(invocation);
  if (!status) return done(std::move(status).error());
  if (!*status) return done(outcome(OperationOutcome::kNotFound));
  switch ((*status)->status) {
    case Status::kScheduled:
    case Status::kInboxed:
      return done(outcome(OperationOutcome::kNotStarted));
    case Status::kCompleted:
      return done(outcome(OperationOutcome::kCompleted));
    case Status::kInvoked: {
      auto entry = processor_.machine().tables().find_queue_entry(invocation);
      if (!entry) return done(std::move(entry).error());
      // It waits in a queue: for its time, maybe.
      if (*entry && (*entry)->stage == partition::QueueStage::kInbox) break;
      if (deployment.kind != DeploymentChoice::Kind::kKeep) {
        return done(outcome(OperationOutcome::kCannotChangeDeployment));
      }
      invoker_.retry_now(invocation);
      return done(outcome(OperationOutcome::kOk));
    }
    case Status::kSuspended:
    case Status::kPaused:
      break;
  }
  Chosen chosen = choose_for_resume(*context_.schema(), **status, deployment);
  if (chosen.refused) return done(std::move(*chosen.refused));
  wire::Resume resume{invocation, {}, request};
  if (chosen.deployment) {
    resume.deployment = wire::PinnedDeployment{*chosen.deployment, (*status)->pinned->protocol};
  }
  operate(request, std::move(resume), std::move(done));
}

void Leader::pause(InvocationId invocation, RequestId request, Completion<OperationReply> done) {
  auto status = processor_.machine().tables().find_invocation(invocation);
  if (!status) return done(std::move(status).error());
  if (!*status) return done(outcome(OperationOutcome::kNotFound));
  switch ((*status)->status) {
    case Status::kScheduled:
    case Status::kInboxed:
    case Status::kCompleted:
      return done(outcome(OperationOutcome::kNotRunning));
    case Status::kPaused:
      return done(outcome(OperationOutcome::kAlreadyPaused));
    case Status::kSuspended:
    case Status::kInvoked:
      break;
  }
  auto entry = processor_.machine().tables().find_queue_entry(invocation);
  if (!entry) return done(std::move(entry).error());
  if (*entry) return operate(request, wire::Pause{invocation, request}, std::move(done));
  if ((*status)->status == Status::kSuspended) {
    return done(outcome(OperationOutcome::kAlreadyPaused));
  }
  if (!start_scan_.done() && !attempts_.contains(invocation)) {
    // Not found yet by the scan. It is paused as one that runs.
    start_scan_.overtaken(invocation);
    start_attempt({invocation, (*status)->target, {}, (*status)->incarnation});
  }
  invoker_.pause(invocation);
  done(outcome(OperationOutcome::kAccepted));
}

void Leader::pause_queue(wire::QueueId queue, bool paused, Completion<void> done) {
  auto features = processor_.machine().tables().features();
  if (!features) return done(std::move(features).error());
  // Without the feature there are no queues, and an older program could not read the record.
  if (!features->vqueues()) return done({});
  append(wire::PauseQueue{queue, paused}, std::move(done));
}

void Leader::restart_as_new(InvocationId invocation, std::uint32_t from,
                            const DeploymentChoice& deployment, RequestId request,
                            Completion<OperationReply> done) {
  const partition::Tables& tables = processor_.machine().tables();
  auto found = tables.find_invocation(invocation);
  if (!found) return done(std::move(found).error());
  if (!*found) return done(outcome(OperationOutcome::kNotFound));
  const InvocationStatus& status = **found;
  if (status.status == Status::kScheduled || status.status == Status::kInboxed) {
    return done(outcome(OperationOutcome::kNotStarted));
  }
  if (status.status != Status::kCompleted) return done(outcome(OperationOutcome::kStillRunning));
  if (status.journal.length == 0) return done(outcome(OperationOutcome::kMissingInput));
  if (status.target.type == wire::ServiceType::kWorkflow) {
    return done(refusal(OperationReply::Kind::kUnsupported, "workflows cannot be restarted"));
  }
  if (from > 0 && (!status.pinned || status.pinned->protocol < 6)) {
    return done(refusal(OperationReply::Kind::kUnsupported,
                        "restarting from a journal index needs service protocol 6 or newer"));
  }
  Chosen chosen = choose_for_restart(*context_.schema(), status, deployment);
  if (chosen.refused) return done(std::move(*chosen.refused));
  if (auto complete = prefix_is_complete(invocation, status.journal.length, from); !complete) {
    return done(std::move(complete).error());
  } else if (!*complete) {
    return done(refusal(OperationReply::Kind::kCopyRangeInvalid,
                        "the journal up to index " + std::to_string(from) +
                            " holds commands without a result, or is shorter"));
  }
  if (auto small = prefix_is_small(invocation, from); !small) {
    return done(std::move(small).error());
  } else if (!*small) {
    return done(refusal(OperationReply::Kind::kCopyRangeInvalid,
                        "the journal up to index " + std::to_string(from) + " has more than " +
                            std::to_string(limits::kCopiedJournalBytes) + " bytes"));
  }
  Random& random = context_.shard.random();
  const InvocationId fresh{invocation.key, make_ulid(context_.shard.wall_now().ms, random.next(),
                                                     random.next())};
  operate(request,
          wire::RestartAsNew{invocation, fresh, from, chosen.deployment, request},
          std::move(done));
}

Result<bool> Leader::prefix_is_complete(const InvocationId& invocation, std::uint32_t length,
                                        std::uint32_t upto) {
  if (upto == 0) return true;  // the input alone
  if (upto >= length) return false;
  const partition::Tables& tables = processor_.machine().tables();
  std::set<std::uint32_t> open;
  RESTATE_TRY_VOID(tables.scan_announced(invocation, [&](const partition::Announced& announced) {
    if (announced.command <= upto) open.insert(announced.completion);
    return true;
  }));
  RESTATE_TRY_VOID(tables.scan_arrivals(invocation, [&](partition::Arrival&& arrival) {
    if (const auto* completion = std::get_if<wire::CompletionId>(&arrival.id)) {
      open.erase(completion->value);
    }
    return true;
  }));
  return open.empty();
}

Result<bool> Leader::prefix_is_small(const InvocationId& invocation, std::uint32_t upto) {
  if (upto == 0) return true;  // the input alone
  const partition::Tables& tables = processor_.machine().tables();
  RESTATE_TRY(const auto behind, partition::completions_behind(tables, invocation, upto));
  const std::uint32_t last = behind.empty() ? upto : std::max(upto, *behind.rbegin());
  constexpr std::size_t kMost = limits::kCopiedJournalBytes;
  std::size_t bytes = 0;
  RESTATE_TRY_VOID(tables.scan_journal(
      invocation, 0, last + 1, [&](std::uint32_t index, wire::JournalEntry&& entry) {
        if (index <= upto || behind.contains(index)) bytes += entry.body.size();
        return bytes <= kMost;
      }));
  return bytes <= kMost;
}

}  // namespace restate::worker
