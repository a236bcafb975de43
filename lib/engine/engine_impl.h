#pragma once

/// \file
/// What is behind `Engine`: its parts, the order in which they open and close, and the way that each
/// request takes to shard 0 and back.

#include "common/visibility.h"
#include "engine/assembly.h"
#include "engine/home.h"
#include "engine/native_services.h"
#include "engine/reply_state.h"
#include "node/node.h"
#include "query/engine.h"
#include "query/runner.h"
#include "worker/client.h"

#include <restate/engine.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace restate {

/// What is not said otherwise lives on shard 0.
class RESTATE_HIDDEN Engine::Impl {
 public:
  explicit Impl(EngineOptions options);
  /// Closes what `stop` has not closed.
  ~Impl();

  // --- Opening and closing (engine_impl.cc) ---

  Result<void> open();
  Result<void> serve(ServiceDefinition service);
  Reply<void> started();
  Reply<void> stop(Duration deadline);
  const node::BoundAddresses& bound() const { return bound_; }

  // --- Requests, from any thread (engine_requests.cc) ---

  Reply<Bytes> call(std::string service, std::string handler, Bytes argument, RequestOptions options);
  Reply<std::string> send(std::string service, std::string handler, Bytes argument,
                          RequestOptions options);
  Reply<Bytes> attach(std::string_view id);
  Reply<void> complete_awakeable(std::string_view id,
                                 std::variant<wire::Void, Bytes, wire::Failure> result);
  Reply<void> terminate(std::string_view id, wire::Terminate::Flavor flavor);

  using State = std::map<std::string, Bytes>;
  Reply<State> read_state(std::string service, std::string key);
  Reply<std::optional<Bytes>> read_value(std::string service, std::string key, std::string name);
  Reply<Bytes> query(std::string sql);

 private:
  struct ObjectState;

  Shard& home() { return home_.shard(); }

  // --- Opening and closing ---

  void on_started(Result<node::BoundAddresses> bound);
  /// Runs `then` once the node has started, now if it has; with the error if it cannot, or closes.
  void when_started(Function<void(Result<void>)> then);
  void offer(Completion<void> done);
  void begin_drain(Duration deadline);
  void look_for_work();
  /// Without looking for work; a node that starts is waited for.
  void close_when_possible();
  void close(Result<void> verdict);

  // --- Requests ---

  /// Lets `go` answer on shard 0 once the engine has started. Its reply is one that `stop` waits for.
  template <class T>
  Reply<T> ask(Function<void(Completion<T>)> go) {
    auto state = std::make_shared<engine::ReplyState<T>>(this);
    if (closing_) {
      state->answer(Error{Code::kShutdown, "the engine is closing"});
      return Reply<T>(state);
    }
    ++outstanding_;
    Completion<T> done(home(), [this, state](Result<T> result) {
      --outstanding_;
      state->answer(std::move(result));
    });
    home().post_remote([this, go = std::move(go), done = std::move(done)]() mutable {
      when_started([go = std::move(go), done = std::move(done)](Result<void> started) mutable {
        if (!started) return done(std::move(started).error());
        go(std::move(done));
      });
    });
    return Reply<T>(state);
  }
  template <class T>
  static Reply<T> answered(Error error) {
    auto state = std::make_shared<engine::ReplyState<T>>(nullptr);
    state->answer(std::move(error));
    return Reply<T>(state);
  }

  void invoke(std::string service, std::string handler, Bytes argument, RequestOptions options,
              worker::WaitFor wait, Completion<worker::InvokeReply> done);
  Result<wire::ServiceInvocation> make_invocation(const std::string& service,
                                                  const std::string& handler, Bytes& argument,
                                                  RequestOptions& options);
  template <class T>
  void again(bool repeatable, Function<void(Completion<T>)> question, Completion<T> done);
  template <class Attempt>
  void ask_again(std::shared_ptr<Attempt> attempt);
  void collect_state(const std::string& service, std::string key, Completion<State> done);

  const EngineOptions options_;
  const node::Config config_;
  // Above the shards: a reply that dies with them still counts itself.
  std::atomic<bool> closing_{false};           ///< nothing new; any thread
  std::atomic<std::uint32_t> outstanding_{0};  ///< requests without an answer; any thread
  std::shared_ptr<engine::ReplyState<void>> stopped_ =
      std::make_shared<engine::ReplyState<void>>(this);
  engine::Home home_;
  engine::NativeServices services_;
  std::unique_ptr<engine::Assembly> assembly_;
  std::unique_ptr<query::SqlEngine> sql_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<query::StatementRunner> statements_;  ///< made for the first statement
  node::BoundAddresses bound_;

  bool started_ = false;
  std::optional<Error> broken_;  ///< it could not start
  std::vector<Function<void(Result<void>)>> waiting_for_start_;
  int offers_ = 0;  ///< services under way to the registry
  std::vector<Function<void()>> waiting_for_offer_;
  std::unique_ptr<Scope> retries_ = std::make_unique<Scope>();

  bool closed_ = false;  ///< the node goes, or is gone
  Instant drain_deadline_;
  int quiet_looks_ = 0;
  std::unique_ptr<Timer> drain_timer_;
};

}  // namespace restate
