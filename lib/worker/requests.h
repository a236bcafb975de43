#pragma once

/// \file
/// Requests that wait for what apply says about them. Lives as long as one leadership: when it is
/// lost, everybody waiting is told that the outcome is unknown.

#include "worker/client.h"

#include <restate/partition/actions.h>

#include <unordered_map>
#include <variant>

namespace restate::worker {

class PendingRequests {
 public:
  ~PendingRequests();

  /// A second request with the same id replaces the first, which fails as unknown.
  void wait_submitted(RequestId request, InvocationId invocation, Completion<InvokeReply> done);
  void wait_output(RequestId request, InvocationId invocation, Completion<InvokeReply> done);
  void wait_attached(RequestId request, InvocationId invocation, wire::InvocationTarget target,
                     Completion<OutputReply> done);
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
    InvocationId invocation;
    wire::InvocationTarget target;
    Completion<OutputReply> done;
  };
  struct Operation {
    Completion<OperationReply> done;
  };
  using Pending = std::variant<Submitted, Output, Attached, Operation>;

  void add(RequestId request, Pending pending);

  std::unordered_map<RequestId, Pending, IdHash> pending_;
};

}  // namespace restate::worker
