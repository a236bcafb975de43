#include "partition/machine/respond.h"

namespace restate::partition {

Result<void> on_attach(const wire::Attach& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  if (live == nullptr) {
    reply(command.sink, wire::failures::not_found(), {}, step);
    return {};
  }
  if (!command.block && live->status.status != Status::kCompleted) {
    reply(command.sink, wire::Void{}, {.invocation = live->id}, step);
    return {};
  }
  reply_or_wait(*live, command.sink, step);
  return {};
}

}  // namespace restate::partition
