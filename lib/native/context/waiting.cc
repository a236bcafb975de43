// Waiting for one thing or for several, as a handler sees it.

#include "native/await.h"
#include "native/context/handles.h"

#include <restate/context/waiting.h>

#include <optional>
#include <utility>

namespace restate {
namespace {

using detail::GroupRule;

}  // namespace

Result<Bytes> ContextWaiting::await_bytes(const Awaitable& pending) {
  const native::Handle handle = native::handle_of(pending);
  RESTATE_TRY_VOID(session_.check(handle));
  return session_.wait_for_bytes(handle);
}

Result<std::size_t> ContextWaiting::any(const std::vector<Awaitable>& of) {
  RESTATE_TRY(const native::Await await, session_.await_of(GroupRule::kAny, of));
  RESTATE_TRY_VOID(session_.wait(await));
  std::size_t groups = 0;
  for (std::size_t i = 0; i < of.size(); ++i) {
    const bool is_there =
        of[i].group == nullptr
            ? session_.vm().done(native::handle_of(of[i]))
            : native::OpenAwait(await.nested[groups++], session_.vm()).satisfied();
    if (is_there) return i;
  }
  return Error{Code::kInternal, "a wait ended without a result"};
}

Result<std::optional<std::size_t>> ContextWaiting::select(std::vector<Awaitable> of,
                                                          Duration timeout) {
  RESTATE_TRY(const native::Handle late, native::start_timer(session_, timeout));
  const std::size_t count = of.size();
  of.push_back(native::awaitable_of(late));
  RESTATE_TRY(const std::size_t first, any(of));
  return first == count ? std::optional<std::size_t>() : first;
}

Result<bool> ContextWaiting::wait_within(native::Await& await,
                                         const std::optional<Duration>& timeout) {
  if (timeout) {
    RESTATE_TRY(await.limit, native::start_timer(session_, *timeout));
  }
  return session_.wait(await);
}

Result<void> ContextWaiting::all(const std::vector<Awaitable>& of) {
  RESTATE_TRY(const native::Await await, session_.await_of(GroupRule::kAll, of));
  RESTATE_TRY_VOID(session_.wait(await));
  return {};
}

Result<bool> ContextWaiting::all(const std::vector<Awaitable>& of, Duration timeout) {
  RESTATE_TRY(native::Await await, session_.await_of(GroupRule::kAll, of));
  return wait_within(await, timeout);
}

Result<std::optional<std::size_t>> ContextWaiting::find_success(const std::vector<Awaitable>& of,
                                                                std::optional<Duration> timeout) {
  RESTATE_TRY(native::Await await, session_.await_of(GroupRule::kFirstSucceeded, of));
  RESTATE_TRY(const bool in_time, wait_within(await, timeout));
  if (!in_time) return std::optional<std::size_t>();
  const native::Vm& vm = session_.vm();
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (vm.done(await.handles[i]) && !vm.failed(await.handles[i])) return i;
  }
  return std::size_t{0};
}

Result<bool> ContextWaiting::await_successes(const std::vector<Awaitable>& of,
                                             std::optional<Duration> timeout) {
  RESTATE_TRY(native::Await await, session_.await_of(GroupRule::kAllSucceeded, of));
  RESTATE_TRY(const bool in_time, wait_within(await, timeout));
  if (!in_time) return false;
  for (const native::Handle handle : await.handles) {
    if (session_.vm().failed(handle)) return session_.wait_for_bytes(handle).error();
  }
  return true;
}

}  // namespace restate
