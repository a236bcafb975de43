#include "common/utf8.h"
#include "partition/machine/create.h"
#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"
#include "partition/machine/respond.h"
#include "wire/entry.h"

#include <restate/testing/mutation.h>

namespace restate::partition {

namespace {

// The id is taken: by a retried request, or by another one with the same idempotency or workflow
// key. One execution serves them all.
Result<void> join(Live& live, const wire::ServiceInvocation& invocation, Step& step) {
  // The same request again must hear the same answer again, so sources tell retries apart.
  const bool is_retry = invocation.source == live.status.source;
  if (invocation.submit_notification) {
    const bool waits =
        live.status.status == Status::kScheduled || live.status.status == Status::kInboxed;
    // Another request hears when it will begin, not that it once had to wait.
    const auto at = is_retry || waits ? live.status.execution_time : std::nullopt;
    step.emit(SubmitNotification{*invocation.submit_notification, at, is_retry});
  }
  if (!invocation.response_sink) return {};
  const wire::ResponseSink& sink = *invocation.response_sink;
  // A workflow runs once. A request from outside that is repeated because its answer was lost is no
  // second one; two calls of one handler look alike, but are two.
  const bool same_request = is_retry && invocation.source.request.has_value();
  if (live.status.target.workflow_run() && !same_request) {
    reply(sink, wire::failures::workflow_already_invoked(), {.invocation = live.id}, step);
    return {};
  }
  reply_or_wait(live, sink, step);
  return {};
}

// Clients send any bytes as headers; a message to the SDK holds only texts.
std::vector<wire::Header> readable(std::vector<wire::Header> headers) {
  for (auto& [name, value] : headers) {
    if (!is_utf8(name)) name = utf8_lossy(name);
    if (!is_utf8(value)) value = utf8_lossy(value);
  }
  return headers;
}

}  // namespace

Result<void> on_invoke(const wire::Invoke& command, Step& step) {
  const wire::ServiceInvocation& invocation = command.invocation;
  RESTATE_TRY(Live * taken, step.state.invocations.find(invocation.id));
  if (taken != nullptr && !RESTATE_MUTATION("partition/taken-id-runs-again")) {
    return join(*taken, invocation, step);
  }

  Live& live = create(invocation.id, step);
  InvocationStatus& status = live.status;
  status.target = invocation.target;
  status.source = invocation.source;
  status.span = invocation.span;
  status.limit_key = invocation.limit_key;
  status.created_by = invocation.created_by;
  if (invocation.response_sink) status.sinks.push_back(*invocation.response_sink);
  status.idempotency_key = invocation.idempotency_key;
  status.execution_time = invocation.execution_time;
  status.retention = invocation.retention;

  // The Input is journaled before anything waits, so that rows that wait carry no payload.
  const wire::InputEntry input{readable(invocation.headers), invocation.argument};
  wire::JournalEntry entry{wire::EntryType::kInput, step.time,
                           wire::encode_entry(wire::EntryType::kInput, input), std::nullopt};
  append(live, entry, step);
  Entrance entrance{invocation.submit_notification, {}};
  entrance.journal.push_back(std::move(entry));
  return enter(live, std::move(entrance), step);
}

}  // namespace restate::partition
