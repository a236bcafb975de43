#include <restate/wire/queue.h>

namespace restate::wire {

// The payload has the form of an invocation's, so the codec of those serves both.

std::string QueueId::str() const { return "vq" + InvocationId{key, digest}.str().substr(3); }

Result<QueueId> QueueId::parse(std::string_view text) {
  if (text.starts_with("inv_")) {
    return Error{Code::kInvalidArgument, "id doesn't match the expected type"};
  }
  std::string payload(text);
  if (text.starts_with("vq_")) payload.replace(0, 2, "inv");
  RESTATE_TRY(const InvocationId id, InvocationId::parse(payload));
  return QueueId{id.key, id.uuid};
}

}  // namespace restate::wire
