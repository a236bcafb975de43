#pragma once

/// \file
/// The front door: a durable execution engine inside your process. Without a data directory it
/// lives in memory; with one, what it has acknowledged survives kill -9 and power failures.

#include <restate/client.h>
#include <restate/contract.h>
#include <restate/log.h>
#include <restate/result.h>
#include <restate/service.h>
#include <restate/time.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// libuv's, so that its header need not be included here.
typedef struct uv_loop_s uv_loop_t;

#pragma GCC visibility push(default)

namespace restate {

namespace connect {
class Lambda;
}
namespace engine {
struct Files;
struct Links;
}
namespace kafka {
class Connector;
}
namespace query {
class SqlEngine;
}

/// A directory for an engine, made of any text. What writes files, RocksDB among it, is linked into
/// programs that make one, and into no others.
class DataDir {
 public:
  /// Touches nothing yet.
  template <class Path>
    requires(std::convertible_to<Path, std::string> &&
             !std::same_as<std::remove_cvref_t<Path>, DataDir>)
  DataDir(Path&& path) : path_(std::forward<Path>(path)), files_(&files()) {}
  /// As it was given.
  const std::string& path() const { return path_; }

 private:
  friend class Engine;
  static const engine::Files& files();
  std::string path_;
  const engine::Files* files_;
};

/// Ports for an engine, and its ways to other processes: HTTP for callers and operators, and what these
/// may then register, deployments that run elsewhere, functions on AWS Lambda and topics of Kafka. What
/// all of that needs, OpenSSL among it, is linked into programs that make one, and into no others.
struct Ports {
  /// The address on which they are opened.
  std::string bind_ip = "127.0.0.1";
  /// HTTP for callers. 0 picks a free one; nothing: none.
  std::optional<std::uint16_t> ingress = {};
  /// The REST API of operators, and the web page. As above.
  std::optional<std::uint16_t> admin = {};

  /// Refers to what is linked.
  class Code {
   public:
    /// There is one.
    Code() : links_(&links()) {}

   private:
    friend class Engine;
    static const engine::Links& links();
    const engine::Links* links_;
  };
  Code code = {};  ///< nothing to set
};

/// How an engine is opened.
struct EngineOptions {
  /// Where logs and tables live; created when it is new. Nothing: all in memory. One engine per
  /// directory, guarded by a lock.
  std::optional<DataDir> data_dir = {};
  /// Threads that run partitions, 1 to 64. One is a whole engine.
  std::uint32_t shards = 1;
  /// A loop that the program runs: the engine is a guest on it instead of having shards of its own.
  /// See below. Null: threads of its own.
  uv_loop_t* loop = nullptr;
  /// Of a new data directory, at least 1; fixed afterwards.
  std::uint16_t partitions = 4;
  /// What opens it to other processes, as `Ports{.ingress = 8080}`. Nothing: only this program reaches
  /// it, it reaches no other, and attempts at deployments that were registered in an earlier run fail
  /// until there are ports again, were it `Ports{}`.
  std::optional<Ports> ports = {};
  /// Handlers that may run at once; each holds a thread while it computes.
  std::uint32_t handler_threads = 16;
  /// Memory for all that the engine holds, in bytes; less than 32 MiB counts as that. What the program
  /// itself, its threads and the handlers take comes on top. A message may have an eighth of it, and
  /// 32 MiB at most (docs/memory.md).
  std::size_t memory = std::size_t{256} << 20;
  /// What answers `Engine::query`: see <restate/sql.h>. Nothing: nothing does.
  std::function<std::unique_ptr<query::SqlEngine>()> sql = {};
  /// Reads the topics that the admin API subscribes services to: see <restate/kafka.h>. Needs `ports`.
  /// Nothing: there are no subscriptions.
  std::function<std::unique_ptr<kafka::Connector>()> kafka = {};
  /// Calls the functions on AWS Lambda that the admin API registers: see <restate/lambda.h>. Needs
  /// `ports`. Nothing: they are refused.
  std::function<std::unique_ptr<connect::Lambda>()> lambda = {};
  /// Outlives the engine; null: silence.
  Logger* logger = nullptr;
  /// Called once, on a thread of the engine, when the disk refused and the engine entered its failed
  /// state (or, on a loop of the program, could not start): it answers `kUnavailable` to everything and acknowledges nothing any more. The process
  /// goes on; a restart recovers everything acknowledged.
  std::function<void(const Error&)> on_fatal = {};
};

/// Runs on threads of its own, which block all signals and are named `restate-*` but for those of
/// RocksDB. Any number of engines may live in one process. Closes when destroyed: running handlers are
/// unwound, and go on when the directory is opened again.
///
/// On a loop of the program it is opened, called and destroyed on the loop's thread, and answers come
/// there, while the loop runs: take them with `Reply::then`. `open` and `serve` return at once, and
/// calls wait until both have had their effect. Before it is destroyed, `stop` it and let the loop run
/// until the answer is there; what is destroyed earlier runs the loop itself, which must not be inside
/// `uv_run` then. Handlers run on threads all the same. The program ignores or blocks SIGPIPE.
class Engine {
 public:
  /// - `kAlreadyExists`: another engine has the directory.
  /// - `kUnsupported`: a newer version wrote it. `kFailedPrecondition`: it holds something else.
  /// - `kInvalidArgument`: options that contradict each other, or are out of their range.
  /// - `kCorrupt`, `kFailed`: the disk.
  static Result<Engine> open(EngineOptions options = {});

  /// The engine moves; all that can be done with what is left is to destroy it, or to assign to it.
  Engine(Engine&&) noexcept;
  /// Closes what was here first.
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  /// Offers a `Service`, `Object` or `Workflow`. It runs as soon as the engine has work for it,
  /// which may have waited in the directory since an earlier run, within a few seconds. The same name
  /// replaces. Services of earlier runs stay registered: what is sent to one waits until it is served
  /// again, and is not tried before. Blocks until it can be called; not for threads of the engine.
  /// Of a service that is refused nothing is kept, and those that were served before stay:
  /// - `kInvalidArgument`: a name that no service or handler may have (`openapi` and all that begin
  ///   with `restate` are taken), a handler of another kind, or options that do not go with it.
  /// - `kAlreadyExists`: two handlers of one name.
  /// - `kFailedPrecondition`: called in a callback of `Reply::then`.
  /// Of one that is not, the engine may still not be able to tell its registry:
  /// - `kShutdown`: the engine is closing. `kUnavailable`, `kFailed`: the disk refused.
  /// On a loop of the program only the first two: what comes later is logged.
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
  /// The same to a handler that is declared (<restate/contract.h>): `call(Counter::add("a", 5))`. The key is
  /// the request's.
  template <class R>
  Reply<R> call(TypedRequest<R> request, RequestOptions options = {}) {
    if (!request.argument) return detail::answered<R>(std::move(request.argument).error());
    options.key = std::move(request.key);
    return detail::decoded<R>(call(request.service, request.handler, *std::move(request.argument),
                                   std::move(options)));
  }
  /// Sends and forgets: answers with the invocation's id once it is durable.
  Reply<std::string> send(std::string_view service, std::string_view handler, Bytes argument,
                            RequestOptions options = {});
  /// The same with any type that has a `Serde`.
  template <class A = Bytes>
  Reply<std::string> send(std::string_view service, std::string_view handler, A&& argument,
                          RequestOptions options = {}) {
    Result<Bytes> bytes = detail::encode(std::forward<A>(argument));
    if (!bytes) return detail::answered<std::string>(std::move(bytes).error());
    return send(service, handler, *std::move(bytes), std::move(options));
  }
  /// The same to a handler that is declared.
  template <class R>
  Reply<std::string> send(TypedRequest<R> request, RequestOptions options = {}) {
    if (!request.argument) return detail::answered<std::string>(std::move(request.argument).error());
    options.key = std::move(request.key);
    return send(request.service, request.handler, *std::move(request.argument), std::move(options));
  }
  /// Waits for the result of an invocation sent earlier.
  Reply<Bytes> attach(std::string_view invocation_id);
  /// The same, read as an R. `kInvalidArgument`: the result is there and is no R.
  template <class R>
  Reply<R> attach(std::string_view invocation_id) {
    return detail::decoded<R>(attach(invocation_id));
  }
  /// Asks an invocation to end: the step that it waits at, or takes next, fails with `kTerminal` and
  /// status 409, as do the calls it made. What its handler makes of that is its result.
  /// - `kNotFound`: no such invocation. `kFailedPrecondition`: it has ended.
  Reply<void> cancel(std::string_view invocation_id);
  /// Ends an invocation where it stands, with status 409; its handler does not hear of it, so nothing
  /// is compensated. Errors as `cancel`.
  Reply<void> kill(std::string_view invocation_id);
  /// Completes an awakeable with a value.
  Reply<void> resolve_awakeable(std::string_view id, Bytes value);
  /// The same with any type that has a `Serde`.
  template <class T = Bytes>
  Reply<void> resolve_awakeable(std::string_view id, T&& value) {
    Result<Bytes> bytes = detail::encode(std::forward<T>(value));
    if (!bytes) return detail::answered<void>(std::move(bytes).error());
    return resolve_awakeable(id, *std::move(bytes));
  }
  /// Completes an awakeable with a failure.
  Reply<void> reject_awakeable(std::string_view id, std::string_view message);

  /// The state of an object or of a workflow, by name, as its last step left it: after the answer of
  /// a call everything that the call has set. Empty for a key that has none.
  /// - `kNotFound`: no such service. `kInvalidArgument`: its kind has no state.
  Reply<std::map<std::string, Bytes>> read_state(std::string_view service, std::string_view key);
  /// One value of it; nothing: it is not set.
  Reply<std::optional<Bytes>> read_state(std::string_view service, std::string_view key,
                                         std::string_view name);
  /// The answer to a statement in SQL, as JSON: `{"rows":[{"column":value,...},...]}`. The tables are
  /// those of docs/query.md, each statement sees one moment of each partition, and none can change
  /// them.
  /// - `kInvalidArgument`: the statement. `kOverloaded`: too many at once, or the answer is larger
  ///   than the engine's memory allows. `kUnsupported`: the engine was opened without SQL.
  Reply<Bytes> query(std::string_view sql);

  /// Takes nothing new from this program, waits until its calls are answered and no handler runs, and
  /// closes. After `deadline` it closes in any case: what runs then is unwound, and goes on when the
  /// directory is opened again. A handler that only waits, for a timer, a call or an awakeable, keeps
  /// nobody: it is unwound as soon as all others are done, and goes on likewise. Answers when all is
  /// closed, once and for ever:
  /// - `kTimeout`: a handler that ran was unwound, or a call left without its answer.
  /// Everything else answers `kShutdown` from now on.
  Reply<void> stop(Duration deadline = std::chrono::seconds(30));

  /// Answers when the engine has started, and the ports are open: at once, but for one that runs on a
  /// loop of the program.
  Reply<void> started();
  /// The ports in use, if any were asked for.
  std::optional<std::uint16_t> ingress_port() const;
  /// The same, of the admin API.
  std::optional<std::uint16_t> admin_port() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate

#pragma GCC visibility pop
