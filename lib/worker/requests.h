#pragma once

/// \file
/// Requests that wait for what apply says about them. Lives as long as one leadership: when it is
/// lost, everybody waiting is told that the outcome is unknown.

#include "worker/client.h"

#include <restate/partition/actions.h>

#include <unordered_map>
#include <variant>
#include <vector>

namespace restate::worker {

class PendingRequests {
 public:
  ~PendingRequests();

  /// A second request with the same id replaces the first, which fails as unknown.
  void wait_submitted(RequestId request, InvocationId invocation, Completion<InvokeReply> done);
  void wait_output(RequestId request, InvocationId invocation, Completion<InvokeReply> done);
  /// The same where others may wait for the end of the same invocation: its row gets one sink for all
  /// of them, under the id of the first request, and keeps it when that one has left.
  void share_output(RequestId request, InvocationId invocation, Completion<InvokeReply> done);
  void share_attached(RequestId request, InvocationId invocation, wire::InvocationTarget target,
                      Completion<OutputReply> done);
  /// Waits at such a sink, if there is one; else `done` is left alone.
  bool join_output(RequestId request, InvocationId invocation, Completion<InvokeReply>& done);
  bool join_attached(RequestId request, InvocationId invocation, wire::InvocationTarget target,
                     Completion<OutputReply>& done);
  /// The client has gone: its completion answers `kCancelled`.
  void forget(RequestId request);
  /// It did not come into the log: nobody will answer it, nor those that have joined it.
  void refuse(RequestId request, const Error& why);
  void wait_operation(RequestId request, Completion<OperationReply> done);

  void on(const partition::IngressResponse& response);
  void on(const partition::SubmitNotification& notification);
  void on(const partition::OperationResponse& response);

  /// Fails everybody: leadership is lost, or the partition stops.
  void fail_all(const Error& error);

  std::size_t size() const { return pending_.size(); }

 private:
  struct Submitted {
    InvocationId invocation;
    Completion<InvokeReply> done;
  };
  struct Output {
    InvocationId invocation;
    Completion<InvokeReply> done;
  };
  struct Attached {
    wire::InvocationTarget target;
    Completion<OutputReply> done;
  };
  struct Waiter {
    RequestId request;
    std::variant<Completion<InvokeReply>, Attached> answer;
  };
  /// A sink, and those who wait at it: perhaps nobody any more, until somebody asks again.
  struct Shared {
    InvocationId invocation;
    std::vector<Waiter> waiters;
  };
  /// Waits at the sink of another request.
  struct Joined {
    RequestId sink;
  };
  struct Operation {
    Completion<OperationReply> done;
  };
  using Pending = std::variant<Submitted, Output, Shared, Joined, Operation>;

  void add(RequestId request, Pending pending);
  void share(RequestId request, InvocationId invocation, Waiter waiter);
  void join(RequestId request, RequestId sink, Waiter waiter);
  Shared* find_shared(InvocationId invocation, RequestId& sink);
  void leave(RequestId request, const Error& why);
  static void fail(Pending& pending, const Error& why);

  std::unordered_map<RequestId, Pending, IdHash> pending_;
  std::unordered_map<InvocationId, RequestId, IdHash> sinks_;  ///< of all `Shared`
};

}  // namespace restate::worker
