// Other invocations, as a handler sees them.

#include "common/utf8.h"
#include "native/context/handles.h"

#include <restate/context/calls.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace restate {
namespace {

/// No engine takes a command whose texts are none; the handler should hear of it, and not its attempt fail.
Result<void> check_texts(std::string_view service, std::string_view handler,
                         const CallOptions& options) {
  const auto no_text = [](std::string_view what) {
    return Error{Code::kInvalidArgument, std::string(what) + " of a call is not UTF-8"};
  };
  if (!is_utf8(service) || !is_utf8(handler)) return no_text("the handler");
  if (!is_utf8(options.key)) return no_text("the key");
  if (!is_utf8(options.name)) return no_text("the name");
  if (options.idempotency_key && !is_utf8(*options.idempotency_key)) {
    return no_text("the idempotency key");
  }
  if (options.idempotency_key && options.idempotency_key->empty()) {
    return Error{Code::kInvalidArgument, "the idempotency key of a call is empty"};
  }
  const auto is_text = [](const wire::Header& header) {
    return is_utf8(header.name) && is_utf8(header.value);
  };
  const auto& headers = options.headers;
  if (!std::all_of(headers.begin(), headers.end(), is_text)) return no_text("a header");
  if (!is_utf8(options.scope.value_or("")) || !is_utf8(options.limit_key.value_or(""))) {
    return no_text("the scope or limit key");
  }
  return {};
}

Result<wire::CallRequest> make_request(const native::Vm& vm, std::string_view service,
                                       std::string_view handler, Bytes argument,
                                       CallOptions options) {
  if ((options.scope || options.limit_key) && vm.protocol() < 7) {
    return Error{Code::kUnsupported,
                 "scopes and limit keys need protocol 7, and this attempt speaks " +
                     std::to_string(vm.protocol())};
  }
  wire::CallRequest request;
  request.service = service;
  request.handler = handler;
  request.key = std::move(options.key);
  request.parameter = std::move(argument);
  request.headers = std::move(options.headers);
  request.idempotency_key = std::move(options.idempotency_key);
  request.scope = std::move(options.scope);
  request.limit_key = std::move(options.limit_key);
  return request;
}

}  // namespace

Result<Awaitable> ContextCalls::start_call_bytes(std::string_view service, std::string_view handler,
                                                 Bytes argument, CallOptions options) {
  RESTATE_TRY_VOID(check_texts(service, handler, options));
  const std::string name = std::move(options.name);
  RESTATE_TRY(auto request, make_request(session_.vm(), service, handler, std::move(argument),
                                         std::move(options)));
  RESTATE_TRY(const auto handles, session_.vm().call(std::move(request), name));
  return native::awaitable_of(handles.result);
}

Result<Awaitable> ContextCalls::start_send_bytes(std::string_view service, std::string_view handler,
                                                 Bytes argument, SendOptions options) {
  RESTATE_TRY_VOID(check_texts(service, handler, options));
  WallTime invoke_time;  // 0: now
  if (options.delay > Duration::zero()) {
    invoke_time = session_.wall_now().plus(native::whole_ms(options.delay));
  }
  const std::string name = std::move(options.name);
  RESTATE_TRY(auto request, make_request(session_.vm(), service, handler, std::move(argument),
                                         std::move(options)));
  RESTATE_TRY(const native::Handle id,
              session_.vm().one_way_call(std::move(request), invoke_time, name));
  return native::awaitable_of(id);
}

Result<InvocationId> ContextCalls::id_of(const Awaitable& call) {
  const auto id = session_.vm().invocation_id_of(native::handle_of(call));
  if (!id) {
    return Error{Code::kInvalidArgument,
                 "only what `start_call` and `start_send` gave has an invocation's id"};
  }
  return session_.wait_for_id(*id);
}

Result<Awaitable> ContextCalls::start_attach_bytes(const InvocationId& invocation) {
  RESTATE_TRY(const native::Handle handle, session_.vm().attach(invocation.str()));
  return native::awaitable_of(handle);
}

Result<std::optional<Bytes>> ContextCalls::output_bytes(const InvocationId& invocation) {
  RESTATE_TRY(const native::Handle handle, session_.vm().get_output(invocation.str()));
  return session_.wait_for_optional(handle);
}

Result<void> ContextCalls::cancel(const InvocationId& invocation) {
  return session_.vm().send_signal(invocation, wire::kCancelSignal, wire::Void{});
}

}  // namespace restate
