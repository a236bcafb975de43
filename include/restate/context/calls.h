#pragma once

/// \file
/// The part of `Context` that deals with other invocations: calls and sends, their results, and
/// their end.

#include <restate/call_options.h>
#include <restate/context/steps.h>
#include <restate/contract.h>
#include <restate/ids.h>

#include <optional>
#include <string_view>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

/// Other invocations.
class ContextCalls : public ContextSteps {
 public:
  /// Calls a handler and waits for its result: `ctx.call<int>("Counter", "add", 5, {.key = "a"})`.
  template <class R = Bytes, class A = Bytes>
  Result<R> call(std::string_view service, std::string_view handler, A&& argument,
                 CallOptions options = {}) {
    RESTATE_TRY(const auto result,
                start_call<R>(service, handler, std::forward<A>(argument), std::move(options)));
    return await(result);
  }
  /// Calls a handler and goes on.
  template <class R = Bytes, class A = Bytes>
  Result<Pending<R>> start_call(std::string_view service, std::string_view handler, A&& argument,
                                CallOptions options = {}) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<A>(argument)));
    return detail::as_pending<R>(
        start_call_bytes(service, handler, std::move(bytes), std::move(options)));
  }
  /// Has a handler run, now or later, and does not care for its result.
  template <class A = Bytes>
  Result<InvocationId> send(std::string_view service, std::string_view handler, A&& argument,
                            SendOptions options = {}) {
    RESTATE_TRY(const auto sent,
                start_send(service, handler, std::forward<A>(argument), std::move(options)));
    return id_of(sent);
  }
  /// The same, but does not wait until it has an id: for many at once. There is something to wait
  /// for all the same, and `id_of` it.
  template <class A = Bytes>
  Result<Pending<void>> start_send(std::string_view service, std::string_view handler, A&& argument,
                                   SendOptions options = {}) {
    RESTATE_TRY(Bytes bytes, detail::encode(std::forward<A>(argument)));
    return detail::as_pending<void>(
        start_send_bytes(service, handler, std::move(bytes), std::move(options)));
  }

  /// @{
  /// The same to a handler that is declared (<restate/contract.h>): `ctx.call(Counter::add("a", 5))`. The key
  /// is the request's.
  template <class R>
  Result<R> call(TypedRequest<R> request, CallOptions options = {}) {
    RESTATE_TRY(const auto result, start_call(std::move(request), std::move(options)));
    return await(result);
  }
  template <class R>
  Result<Pending<R>> start_call(TypedRequest<R> request, CallOptions options = {}) {
    RESTATE_TRY(Bytes bytes, std::move(request.argument));
    options.key = std::move(request.key);
    return detail::as_pending<R>(start_call_bytes(request.service, request.handler,
                                                  std::move(bytes), std::move(options)));
  }
  template <class R>
  Result<InvocationId> send(TypedRequest<R> request, SendOptions options = {}) {
    RESTATE_TRY(const auto sent, start_send(std::move(request), std::move(options)));
    return id_of(sent);
  }
  template <class R>
  Result<Pending<void>> start_send(TypedRequest<R> request, SendOptions options = {}) {
    RESTATE_TRY(Bytes bytes, std::move(request.argument));
    options.key = std::move(request.key);
    return detail::as_pending<void>(start_send_bytes(request.service, request.handler,
                                                     std::move(bytes), std::move(options)));
  }
  /// @}
  /// The id of what `start_call` or `start_send` started. `kInvalidArgument`: it was something
  /// else.
  Result<InvocationId> id_of(const Awaitable& call);

  /// The result of an invocation that somebody else started.
  template <class R = Bytes>
  Result<R> attach(const InvocationId& invocation) {
    RESTATE_TRY(const auto result, start_attach<R>(invocation));
    return await(result);
  }
  /// The same, but goes on.
  template <class R = Bytes>
  Result<Pending<R>> start_attach(const InvocationId& invocation) {
    return detail::as_pending<R>(start_attach_bytes(invocation));
  }
  /// The same if it is there, and nothing otherwise.
  template <class R = Bytes>
  Result<std::optional<R>> output(const InvocationId& invocation) {
    return detail::decode<R>(output_bytes(invocation), "the result");
  }
  /// Asks an invocation to end, and goes on. Of one that is not there, or has ended: nothing.
  Result<void> cancel(const InvocationId& invocation);

 protected:
  using ContextSteps::ContextSteps;
  ~ContextCalls() = default;

 private:
  Result<Awaitable> start_call_bytes(std::string_view service, std::string_view handler,
                                     Bytes argument, CallOptions options);
  Result<Awaitable> start_send_bytes(std::string_view service, std::string_view handler,
                                     Bytes argument, SendOptions options);
  Result<Awaitable> start_attach_bytes(const InvocationId& invocation);
  Result<std::optional<Bytes>> output_bytes(const InvocationId& invocation);
};

}  // namespace restate

#pragma GCC visibility pop
