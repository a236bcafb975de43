// Promises, awakeables and signals, as a handler sees them.

#include "native/context/handles.h"

#include <restate/context/promises.h>

#include <string>
#include <utility>

namespace restate {

Result<Awaitable> ContextPromises::start_promise_bytes(std::string_view name) {
  RESTATE_TRY(const native::Handle handle, session_.vm().get_promise(std::string(name)));
  return native::awaitable_of(handle);
}

Result<std::optional<Bytes>> ContextPromises::peek_promise_bytes(std::string_view name) {
  RESTATE_TRY(const native::Handle handle, session_.vm().peek_promise(std::string(name)));
  return session_.wait_for_optional(handle);
}

Result<void> ContextPromises::resolve_promise_bytes(std::string_view name, Bytes value) {
  RESTATE_TRY(const native::Handle handle,
              session_.vm().complete_promise(std::string(name), std::move(value)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<void> ContextPromises::reject_promise(std::string_view name, const Error& failure) {
  RESTATE_TRY(const native::Handle handle,
              session_.vm().complete_promise(std::string(name), native::failure_of(failure)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<ContextPromises::NewAwakeable> ContextPromises::make_awakeable() {
  RESTATE_TRY(auto made, session_.vm().awakeable());
  return NewAwakeable{std::move(made.id), native::awaitable_of(made.result)};
}

Result<void> ContextPromises::resolve_awakeable_bytes(std::string_view id, Bytes value) {
  return session_.vm().complete_awakeable(std::string(id), std::move(value));
}

Result<void> ContextPromises::reject_awakeable(std::string_view id, const Error& failure) {
  return session_.vm().complete_awakeable(std::string(id), native::failure_of(failure));
}

Result<Awaitable> ContextPromises::signal_bytes(std::string_view name) {
  RESTATE_TRY(const native::Handle handle, session_.vm().signal(std::string(name)));
  return native::awaitable_of(handle);
}

Result<void> ContextPromises::send_signal_bytes(const InvocationId& invocation,
                                                std::string_view name, Bytes value) {
  return session_.vm().send_signal(invocation, wire::SignalName{std::string(name)},
                                   std::move(value));
}

Result<void> ContextPromises::reject_signal(const InvocationId& invocation, std::string_view name,
                                            const Error& failure) {
  return session_.vm().send_signal(invocation, wire::SignalName{std::string(name)},
                                   native::failure_of(failure));
}

}  // namespace restate
