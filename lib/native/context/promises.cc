// Promises, awakeables and signals, as a handler sees them.

#include "common/utf8.h"
#include "native/context/handles.h"

#include <restate/context/promises.h>

#include <string>
#include <string_view>
#include <utility>

namespace restate {
namespace {

/// No engine takes a command whose texts are none; the handler should hear of it, and not its attempt fail.
Result<std::string> text_of(std::string_view what, std::string_view name) {
  if (is_utf8(name)) return std::string(name);
  return Error{Code::kInvalidArgument, std::string(what) + " is not UTF-8"};
}

}  // namespace

Result<Awaitable> ContextPromises::start_promise_bytes(std::string_view name) {
  RESTATE_TRY(std::string key, text_of("the name of a promise", name));
  RESTATE_TRY(const native::Handle handle, session_.vm().get_promise(std::move(key)));
  return native::awaitable_of(handle);
}

Result<std::optional<Bytes>> ContextPromises::peek_promise_bytes(std::string_view name) {
  RESTATE_TRY(std::string key, text_of("the name of a promise", name));
  RESTATE_TRY(const native::Handle handle, session_.vm().peek_promise(std::move(key)));
  return session_.wait_for_optional(handle);
}

Result<void> ContextPromises::resolve_promise_bytes(std::string_view name, Bytes value) {
  RESTATE_TRY(std::string key, text_of("the name of a promise", name));
  RESTATE_TRY(const native::Handle handle,
              session_.vm().complete_promise(std::move(key), std::move(value)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<void> ContextPromises::reject_promise(std::string_view name, const Error& failure) {
  RESTATE_TRY(std::string key, text_of("the name of a promise", name));
  RESTATE_TRY(const native::Handle handle,
              session_.vm().complete_promise(std::move(key), native::failure_of(failure)));
  RESTATE_TRY_VOID(session_.wait_for_bytes(handle));
  return {};
}

Result<ContextPromises::NewAwakeable> ContextPromises::make_awakeable() {
  RESTATE_TRY(auto made, session_.vm().awakeable());
  return NewAwakeable{std::move(made.id), native::awaitable_of(made.result)};
}

Result<void> ContextPromises::resolve_awakeable_bytes(std::string_view id, Bytes value) {
  RESTATE_TRY(std::string text, text_of("the id of an awakeable", id));
  return session_.vm().complete_awakeable(std::move(text), std::move(value));
}

Result<void> ContextPromises::reject_awakeable(std::string_view id, const Error& failure) {
  RESTATE_TRY(std::string text, text_of("the id of an awakeable", id));
  return session_.vm().complete_awakeable(std::move(text), native::failure_of(failure));
}

Result<Awaitable> ContextPromises::signal_bytes(std::string_view name) {
  RESTATE_TRY(std::string text, text_of("the name of a signal", name));
  RESTATE_TRY(const native::Handle handle, session_.vm().signal(std::move(text)));
  return native::awaitable_of(handle);
}

Result<void> ContextPromises::send_signal_bytes(const InvocationId& invocation,
                                                std::string_view name, Bytes value) {
  RESTATE_TRY(std::string text, text_of("the name of a signal", name));
  return session_.vm().send_signal(invocation, wire::SignalName{std::move(text)},
                                   std::move(value));
}

Result<void> ContextPromises::reject_signal(const InvocationId& invocation, std::string_view name,
                                            const Error& failure) {
  RESTATE_TRY(std::string text, text_of("the name of a signal", name));
  return session_.vm().send_signal(invocation, wire::SignalName{std::move(text)},
                                   native::failure_of(failure));
}

}  // namespace restate
