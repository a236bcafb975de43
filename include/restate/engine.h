#pragma once

/// \file
/// The front door: a durable execution engine inside your process. Without a data directory it
/// lives in memory; with one, what it has acknowledged survives kill -9 and power failures.

#include <restate/client.h>
#include <restate/log.h>
#include <restate/result.h>
#include <restate/service.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace restate {

struct EngineOptions {
  /// Where logs and tables live; created when it is new. Nothing: all in memory. One engine per
  /// directory, guarded by a lock.
  std::optional<std::string> data_dir = {};
  /// Threads that run partitions. One is a whole engine.
  std::uint32_t shards = 1;
  /// Of a new data directory; fixed afterwards.
  std::uint16_t partitions = 4;
  /// Ports to open on `bind_ip`; nothing: none. 0 picks a free one.
  std::string bind_ip = "127.0.0.1";
  std::optional<std::uint16_t> ingress_port = {};
  std::optional<std::uint16_t> admin_port = {};
  /// Handlers that may run at once; each holds a thread while it computes.
  std::uint32_t handler_threads = 16;
  /// Memory for all that the engine holds, in bytes; at least 32 MiB. What the program itself, its
  /// threads and the handlers take comes on top. A message may have an eighth of it (docs/memory.md).
  std::size_t memory = std::size_t{256} << 20;
  /// Outlives the engine; null: silence.
  Logger* logger = nullptr;
  /// Called once, on a thread of the engine, when the disk refused and the engine entered its failed
  /// state: it answers `kUnavailable` to everything and acknowledges nothing any more. The process
  /// goes on; a restart recovers everything acknowledged.
  std::function<void(const Error&)> on_fatal = {};
};

/// Runs on threads of its own, named `restate-*`, which block all signals. Closes when destroyed:
/// running handlers are unwound, and go on when the directory is opened again.
class Engine {
 public:
  /// - `kAlreadyExists`: another engine has the directory.
  /// - `kUnsupported`: a newer version wrote it. `kFailedPrecondition`: it holds something else.
  /// - `kCorrupt`, `kFailed`: the disk.
  static Result<Engine> open(EngineOptions options = {});

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  /// Offers a `Service`, `Object` or `Workflow`. It runs as soon as the engine has work for it,
  /// which may have waited in the directory since an earlier run. The same name replaces. Blocks
  /// until it can be called; not for threads of the engine.
  Result<void> serve(ServiceDefinition service);

  /// Calls a handler; the answer is what it returns in the end.
  Reply<Bytes> call(std::string_view service, std::string_view handler, Bytes argument,
                      RequestOptions options = {});
  /// The same with any types that have a `Serde`: `call<int>("Counter", "add", 5, {.key = "a"})`.
  /// `kInvalidArgument`: the result is there and is no R.
  template <class R = Bytes, class A = Bytes>
  Reply<R> call(std::string_view service, std::string_view handler, A&& argument,
                RequestOptions options = {}) {
    Result<Bytes> bytes = detail::encode(std::forward<A>(argument));
    if (!bytes) return detail::answered<R>(std::move(bytes).error());
    return detail::decoded<R>(call(service, handler, *std::move(bytes), std::move(options)));
  }
  /// Sends and forgets: answers with the invocation's id once it is durable.
  Reply<std::string> send(std::string_view service, std::string_view handler, Bytes argument,
                            RequestOptions options = {});
  template <class A = Bytes>
  Reply<std::string> send(std::string_view service, std::string_view handler, A&& argument,
                          RequestOptions options = {}) {
    Result<Bytes> bytes = detail::encode(std::forward<A>(argument));
    if (!bytes) return detail::answered<std::string>(std::move(bytes).error());
    return send(service, handler, *std::move(bytes), std::move(options));
  }
  /// Waits for the result of an invocation sent earlier.
  Reply<Bytes> attach(std::string_view invocation_id);
  template <class R>
  Reply<R> attach(std::string_view invocation_id) {
    return detail::decoded<R>(attach(invocation_id));
  }
  /// Completes an awakeable with a value.
  Reply<void> resolve_awakeable(std::string_view id, Bytes value);
  template <class T = Bytes>
  Reply<void> resolve_awakeable(std::string_view id, T&& value) {
    Result<Bytes> bytes = detail::encode(std::forward<T>(value));
    if (!bytes) return detail::answered<void>(std::move(bytes).error());
    return resolve_awakeable(id, *std::move(bytes));
  }
  /// Completes an awakeable with a failure.
  Reply<void> reject_awakeable(std::string_view id, std::string_view message);

  /// The ports in use, if any were asked for.
  std::optional<std::uint16_t> ingress_port() const;
  std::optional<std::uint16_t> admin_port() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate
