#include "partition/queue.h"

#include <string>
#include <variant>

namespace restate::partition {

namespace {

std::string hex(const Uuid& uuid) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : uuid.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string text(const RequestId& request) { return hex(request.uuid); }

std::string text(const wire::Failure& failure) {
  return "failure [" + std::to_string(failure.code) + "] " + failure.message;
}

std::string text(const wire::Void&) { return "void"; }

std::string text(const Bytes& value) { return "success \"" + value.str() + "\""; }

std::string text(const wire::NotificationId& id) {
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) {
    return "completion " + std::to_string(completion->value);
  }
  if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    return "signal " + std::to_string(index->value);
  }
  return "signal '" + std::get<wire::SignalName>(id).value + "'";
}

std::string text(const wire::TimerKey& key) {
  std::string out = std::to_string(key.at.ms) + " ";
  switch (key.kind) {
    case wire::TimerKind::kCompleteSleep:
      return out + "sleep " + key.invocation.str() + " " + std::to_string(key.completion);
    case wire::TimerKind::kStartScheduled:
      return out + "start " + key.invocation.str();
  }
  RESTATE_UNREACHABLE();
}

std::string text(const wire::QueuePosition& at) {
  return std::string(at.fresh ? "fresh" : "again") + " at " + std::to_string(at.run_at.ms) + " #" +
         std::to_string(at.sequence);
}

std::string text(const wire::ResponseSink& sink) {
  if (const auto* ingress = std::get_if<wire::IngressSink>(&sink)) {
    return "ingress " + text(ingress->request);
  }
  const auto& caller = std::get<wire::InvocationSink>(sink);
  return caller.caller.str() + " " + std::to_string(caller.completion);
}

struct MessageText {
  std::string operator()(const wire::Invoke& m) const {
    return "Invoke " + m.invocation.id.str() + " " + m.invocation.target.str();
  }
  std::string operator()(const wire::InvocationResponse& m) const {
    return "Response " + m.caller.str() + " " + std::to_string(m.completion) + " " +
           std::visit([](const auto& result) { return text(result); }, m.result);
  }
  std::string operator()(const wire::Terminate& m) const {
    const bool kill = m.flavor == wire::Terminate::Flavor::kKill;
    return std::string(kill ? "Kill " : "Cancel ") + m.invocation.str();
  }
  std::string operator()(const wire::Attach& m) const {
    return std::string(m.block ? "Attach " : "GetOutput ") + m.invocation.str() + " for " +
           text(m.sink);
  }
  std::string operator()(const wire::NotifySignal& m) const {
    const wire::NotificationId id =
        std::visit([](const auto& signal) { return wire::NotificationId(signal); }, m.signal);
    return "Signal " + m.invocation.str() + " " + text(id) + " " +
           std::visit([](const auto& result) { return text(result); }, m.result);
  }
};

std::string_view name(OperationOutcome outcome) {
  switch (outcome) {
    case OperationOutcome::kOk:
      return "Ok";
    case OperationOutcome::kDone:
      return "Done";
    case OperationOutcome::kAppended:
      return "Appended";
    case OperationOutcome::kAccepted:
      return "Accepted";
    case OperationOutcome::kNotFound:
      return "NotFound";
    case OperationOutcome::kAlreadyCompleted:
      return "AlreadyCompleted";
    case OperationOutcome::kNotCompleted:
      return "NotCompleted";
    case OperationOutcome::kNotStarted:
      return "NotStarted";
    case OperationOutcome::kStillRunning:
      return "StillRunning";
    case OperationOutcome::kCompleted:
      return "Completed";
    case OperationOutcome::kNotRunning:
      return "NotRunning";
    case OperationOutcome::kAlreadyPaused:
      return "AlreadyPaused";
    case OperationOutcome::kCannotChangeDeployment:
      return "CannotChangeDeployment";
    case OperationOutcome::kJournalIndexOutOfRange:
      return "JournalIndexOutOfRange";
    case OperationOutcome::kMissingInput:
      return "MissingInput";
  }
  RESTATE_UNREACHABLE();
}

std::string_view name(OperationResponse::Operation operation) {
  switch (operation) {
    case OperationResponse::Operation::kKill:
      return "KillResponse";
    case OperationResponse::Operation::kCancel:
      return "CancelResponse";
    case OperationResponse::Operation::kPurge:
      return "PurgeResponse";
    case OperationResponse::Operation::kPurgeJournal:
      return "PurgeJournalResponse";
    case OperationResponse::Operation::kResume:
      return "ResumeResponse";
    case OperationResponse::Operation::kPause:
      return "PauseResponse";
    case OperationResponse::Operation::kRestartAsNew:
      return "RestartAsNewResponse";
  }
  RESTATE_UNREACHABLE();
}

struct ActionText {
  std::string operator()(const InvokeAction& a) const {
    std::string out = "Invoke " + a.invocation.str() + " " + a.target.str();
    if (!a.journal.empty()) out += " with " + std::to_string(a.journal.size()) + " entries";
    if (a.queued && a.queued->attempts > 0) {
      out += " after " + std::to_string(a.queued->attempts) + " attempts";
    }
    return out;
  }
  std::string operator()(const AbortInvocation& a) const {
    return "AbortInvocation " + a.invocation.str();
  }
  std::string operator()(const AckStoredCommand& a) const {
    return "AckStoredCommand " + a.invocation.str() + " " + std::to_string(a.command_index) +
           (a.requested ? " requested" : "");
  }
  std::string operator()(const ForwardNotification& a) const {
    return "ForwardNotification " + a.invocation.str() + " #" + std::to_string(a.index) + " " +
           text(a.id) + " (" + std::string(wire::entry_type_name(a.type)) + ")";
  }
  std::string operator()(const NewOutboxMessage& a) const {
    return "NewOutboxMessage " + std::to_string(a.sequence) + " " +
           std::visit(MessageText{}, a.message);
  }
  std::string operator()(const RegisterTimer& a) const { return "RegisterTimer " + text(a.key); }
  std::string operator()(const DeleteTimer& a) const { return "DeleteTimer " + text(a.key); }
  std::string operator()(const IngressResponse& a) const {
    std::string out = "IngressResponse " + text(a.request) + " " +
                      std::visit([](const auto& result) { return text(result); }, a.result);
    if (a.invocation) out += " from " + a.invocation->str();
    if (a.completion_expiry) out += " until " + std::to_string(a.completion_expiry->ms);
    return out;
  }
  std::string operator()(const SubmitNotification& a) const {
    std::string out = "SubmitNotification " + text(a.request) + (a.is_new ? " new" : " known");
    if (a.execution_time) out += " at " + std::to_string(a.execution_time->ms);
    return out;
  }
  std::string operator()(const OperationResponse& a) const {
    std::string out(name(a.operation));
    out.append(" ").append(text(a.request)).append(" ").append(name(a.outcome));
    if (a.new_invocation) out += " " + a.new_invocation->str();
    return out;
  }
  std::string operator()(const SchemaChanged& a) const {
    return "SchemaChanged " + std::to_string(a.version);
  }
  std::string operator()(const RulesChanged& a) const {
    return "RulesChanged " + std::to_string(a.version);
  }
  std::string operator()(const QueueMoved& a) const {
    std::string out = "QueueMoved " + a.invocation.str() + " of " + a.scope;
    if (!a.limit_key.empty()) out += " " + a.limit_key;
    out.append(": ").append(to_string(a.from)).append(" -> ").append(to_string(a.to));
    if (a.to == QueueStage::kInbox) out += " " + text(a.now);
    return out;
  }
  std::string operator()(const QueueRefused& a) const {
    return "QueueRefused " + a.place.invocation.str() + " " + text(a.place.at);
  }
  std::string operator()(const InvocationStarted& a) const {
    return "InvocationStarted " + a.invocation.str() + " " + a.span.traceparent;
  }
  std::string operator()(const InvocationEnded& a) const {
    return "InvocationEnded " + a.invocation.str() + (a.failure ? " " + text(*a.failure) : "");
  }
  std::string operator()(const QueuePaused& a) const {
    return std::string(a.paused ? "QueuePaused " : "QueueResumed ") + a.queue.str();
  }
};

}  // namespace

std::string describe(const Action& action) { return std::visit(ActionText{}, action); }

}  // namespace restate::partition
