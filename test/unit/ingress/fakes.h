#pragma once

/// \file
/// A partition that does what the test says, and a client that keeps what it was told.

#include "http/server.h"
#include "worker/client.h"

#include <restate/assert.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace restate::ingress::testing {

/// Answers each request with the next reply of its script, in a later task.
class FakePartition final : public worker::PartitionClient {
 public:
  struct Invoked {
    wire::ServiceInvocation invocation;
    RequestId request;
    worker::WaitFor wait;
  };
  struct Asked {
    InvocationId invocation;
    RequestId request;
    bool block;
  };

  void invoke(wire::ServiceInvocation invocation, RequestId request, worker::WaitFor wait,
              Completion<worker::InvokeReply> done, Function<void()> stored) override {
    invoked.push_back({std::move(invocation), request, wait});
    if (hold_invocations) {
      held.push_back({std::move(done), std::move(stored)});
      return;
    }
    reply(std::move(done), invoke_replies);
  }
  void forget(InvocationId, RequestId request) override { forgotten.push_back(request); }
  void output(InvocationId invocation, RequestId request, bool block,
              Completion<worker::OutputReply> done) override {
    asked.push_back({invocation, request, block});
    reply(std::move(done), output_replies);
  }
  void signal(wire::NotifySignal signal, Completion<void> done) override {
    signals.push_back(std::move(signal));
    reply(std::move(done), signal_replies);
  }
  void patch_state(wire::PatchState, Completion<void>) override { unexpected(); }
  void terminate(InvocationId, wire::Terminate::Flavor, RequestId,
                 Completion<worker::OperationReply>) override {
    unexpected();
  }
  void purge(InvocationId, RequestId, bool, Completion<worker::OperationReply>) override {
    unexpected();
  }
  void resume(InvocationId, worker::DeploymentChoice, RequestId,
              Completion<worker::OperationReply>) override {
    unexpected();
  }
  void pause(InvocationId, RequestId, Completion<worker::OperationReply>) override { unexpected(); }
  void restart_as_new(InvocationId, std::uint32_t, worker::DeploymentChoice, RequestId,
                      Completion<worker::OperationReply>) override {
    unexpected();
  }
  void pause_queue(wire::QueueId, bool, Completion<void>) override { unexpected(); }
  bool ready() const override { return is_ready; }

  bool is_ready = true;
  /// Invocations that are answered when the test says so.
  struct Held {
    Completion<worker::InvokeReply> done;
    Function<void()> stored;
  };
  bool hold_invocations = false;
  std::vector<Held> held;
  std::vector<RequestId> forgotten;
  std::vector<Invoked> invoked;
  std::vector<Asked> asked;
  std::vector<wire::NotifySignal> signals;
  std::deque<Result<worker::InvokeReply>> invoke_replies;
  std::deque<Result<worker::OutputReply>> output_replies;
  std::deque<Result<void>> signal_replies;

 private:
  template <class T>
  static void reply(Completion<T> done, std::deque<Result<T>>& script) {
    RESTATE_ASSERT(!script.empty(), "the partition was asked more than the test foresaw");
    Shard& shard = done.shard();
    shard.post([done = std::move(done), result = std::move(script.front())]() mutable {
      done(std::move(result));
    });
    script.pop_front();
  }
  /// The ingress does not ask for this.
  [[noreturn]] static void unexpected() { RESTATE_UNREACHABLE(); }
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

}  // namespace restate::ingress::testing
