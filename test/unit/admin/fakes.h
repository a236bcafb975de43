#pragma once

/// \file
/// What surrounds the admin API, under the control of a test: a metadata store in memory, a
/// partition with a script, and a client that keeps what it was told.

#include "http/server.h"
#include "worker/client.h"

#include <restate/assert.h>
#include <restate/metadata/store.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace restate::admin::testing {

class FakeStore final : public metadata::Store {
 public:
  void get(std::string key, Completion<std::optional<metadata::VersionedValue>> done) override {
    std::optional<metadata::VersionedValue> value;
    if (const auto found = values.find(key); found != values.end()) value = found->second;
    Shard& shard = done.shard();
    shard.post([done = std::move(done), value = std::move(value)]() mutable {
      done(std::move(value));
    });
  }

  void put(std::string key, metadata::VersionedValue value, metadata::Precondition precondition,
           Completion<void> done) override {
    using Kind = metadata::Precondition::Kind;
    const auto found = values.find(key);
    const metadata::Version now = found == values.end() ? metadata::Version{} : found->second.version;
    const bool holds = precondition.kind == Kind::kNone ||
                       (precondition.kind == Kind::kAbsent && now.value == 0) ||
                       (precondition.kind == Kind::kVersion && now == precondition.version);
    Result<void> result;
    if (holds) {
      ++writes;
      values[key] = value;
      for (Watcher* watcher : watchers) watcher->tell(key, value);
    } else {
      result = Error{Code::kFailedPrecondition, "the version moved"};
    }
    Shard& shard = done.shard();
    shard.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  void erase(std::string, metadata::Precondition, Completion<void>) override {
    RESTATE_UNREACHABLE();
  }

  std::unique_ptr<metadata::Watch> watch(
      std::string key, Shard& shard, Function<void(metadata::VersionedValue)> changed) override {
    return std::make_unique<Watcher>(*this, std::move(key), shard, std::move(changed));
  }

  std::map<std::string, metadata::VersionedValue> values;
  int writes = 0;

 private:
  struct Watcher final : metadata::Watch {
    Watcher(FakeStore& s, std::string k, Shard& home, Function<void(metadata::VersionedValue)> c)
        : store(s), key(std::move(k)), shard(home), changed(std::move(c)) {
      store.watchers.push_back(this);
    }
    ~Watcher() override { std::erase(store.watchers, this); }
    void tell(const std::string& which, const metadata::VersionedValue& value) {
      if (which == key) shard.post(scope.bind([this, value] { changed(value); }));
    }

    FakeStore& store;
    std::string key;
    Shard& shard;
    Function<void(metadata::VersionedValue)> changed;
    Scope scope;
  };

  std::vector<Watcher*> watchers;
};

/// Notes every operation as one line and answers with the next reply of its script.
class FakePartition final : public worker::PartitionClient {
 public:
  void invoke(wire::ServiceInvocation, RequestId, worker::WaitFor, Completion<worker::InvokeReply>,
              Function<void()>) override {
    RESTATE_UNREACHABLE();
  }
  void output(InvocationId, RequestId, bool, Completion<worker::OutputReply>) override {
    RESTATE_UNREACHABLE();
  }
  void signal(wire::NotifySignal, Completion<void>) override { RESTATE_UNREACHABLE(); }
  void patch_state(wire::PatchState patch, Completion<void> done) override {
    patches.push_back(std::move(patch));
    Shard& shard = done.shard();
    shard.post([done = std::move(done)]() mutable { done({}); });
  }
  void terminate(InvocationId id, wire::Terminate::Flavor flavor, RequestId request,
                 Completion<worker::OperationReply> done) override {
    note(flavor == wire::Terminate::Flavor::kKill ? "kill " : "cancel ", id, "", request,
         std::move(done));
  }
  void purge(InvocationId id, RequestId request, bool journal_only,
             Completion<worker::OperationReply> done) override {
    note(journal_only ? "purge-journal " : "purge ", id, "", request, std::move(done));
  }
  void resume(InvocationId id, worker::DeploymentChoice choice, RequestId request,
              Completion<worker::OperationReply> done) override {
    note("resume ", id, text(choice), request, std::move(done));
  }
  void pause(InvocationId id, RequestId request,
             Completion<worker::OperationReply> done) override {
    note("pause ", id, "", request, std::move(done));
  }
  void restart_as_new(InvocationId id, std::uint32_t from, worker::DeploymentChoice choice,
                      RequestId request, Completion<worker::OperationReply> done) override {
    note("restart ", id, " from " + std::to_string(from) + text(choice), request, std::move(done));
  }
  void pause_queue(wire::QueueId queue, bool paused, Completion<void> done) override {
    noted.push_back((paused ? "pause " : "resume ") + queue.str());
    Result<void> outcome;
    if (queues_fail) outcome = Error{Code::kNotLeader, "nobody leads"};
    Shard& shard = done.shard();
    shard.post([done = std::move(done), outcome]() mutable { done(std::move(outcome)); });
  }
  bool ready() const override { return is_ready; }

  bool is_ready = true;
  bool queues_fail = false;
  std::vector<std::string> noted;
  std::vector<RequestId> requests;
  std::vector<wire::PatchState> patches;
  /// When it is empty, nothing exists.
  std::deque<Result<worker::OperationReply>> replies;

 private:
  static std::string text(const worker::DeploymentChoice& choice) {
    using Kind = worker::DeploymentChoice::Kind;
    if (choice.kind == Kind::kId) return " on " + choice.id->str();
    return choice.kind == Kind::kKeep ? " keep" : " latest";
  }
  void note(const std::string& what, const InvocationId& id, const std::string& more,
            RequestId request, Completion<worker::OperationReply> done) {
    noted.push_back(what + id.str() + more);
    requests.push_back(request);
    Result<worker::OperationReply> reply = worker::OperationReply{};
    if (replies.empty()) {
      reply->outcome = partition::OperationOutcome::kNotFound;
    } else {
      reply = std::move(replies.front());
      replies.pop_front();
    }
    Shard& shard = done.shard();
    shard.post([done = std::move(done), reply = std::move(reply)]() mutable {
      done(std::move(reply));
    });
  }
};

class FakeStream final : public http::ServerStream {
 public:
  void respond(http::ResponseHead head, Bytes body) override {
    RESTATE_ASSERT(!answer, "a request has one answer");
    answer = head;
    text = body.str();
  }
  void start(http::ResponseHead) override { RESTATE_UNREACHABLE(); }
  void write(Bytes) override {}
  void finish() override {}
  void reset() override {}
  std::size_t unsent_bytes() const override { return 0; }
  void pause_body() override {}
  void resume_body() override {}
  std::string peer() const override { return "test"; }

  std::string header(std::string_view name) const {
    return std::string(answer->headers.find(name).value_or("<none>"));
  }

  std::optional<http::ResponseHead> answer;
  std::string text;
};

}  // namespace restate::admin::testing
