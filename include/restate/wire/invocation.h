#pragma once

/// \file
/// What an invocation is: its target, where it came from, who waits for it. Plain data that records
/// in the log and rows in the store are made of.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::wire {

/// What kind of service a handler belongs to. Numbers are stored.
enum class ServiceType : std::uint8_t { kService = 0, kVirtualObject = 1, kWorkflow = 2 };

/// `kPlain` for services, `kExclusive` and `kShared` for objects, `kWorkflow` (the run handler) and
/// `kShared` for workflows.
enum class HandlerType : std::uint8_t { kPlain = 0, kExclusive = 1, kShared = 2, kWorkflow = 3 };

/// Which code runs, and for which key.
struct InvocationTarget {
  ServiceType type = ServiceType::kService;  ///< of the service
  HandlerType handler_type = HandlerType::kPlain;  ///< of the handler
  std::string service;  ///< its name
  std::string key;  ///< empty is a legal key of an object; services have none
  std::string handler;  ///< its name
  std::optional<std::string> scope;  ///< a caller's group (docs/flow-control.md); nothing: none

  /// Belongs to a key: an object or workflow.
  bool keyed() const { return type != ServiceType::kService; }
  /// Only these take the object's lock.
  bool exclusive() const {
    return type == ServiceType::kVirtualObject && handler_type == HandlerType::kExclusive;
  }
  /// The one handler of a workflow that runs once per key.
  bool workflow_run() const {
    return type == ServiceType::kWorkflow && handler_type == HandlerType::kWorkflow;
  }
  /// `Counter/a/add`, as users and SQL see it.
  std::string str() const;
  bool operator==(const InvocationTarget&) const = default;
};

/// A header of a request, in the order in which it came.
struct Header {
  std::string name;   ///< as it was sent
  std::string value;  ///< as it was sent
  bool operator==(const Header&) const = default;
};

/// How user code failed, for good. Data, not an `Error` of ours.
struct Failure {
  std::uint32_t code = 500;                                   ///< an HTTP status
  std::string message;                                        ///< of the handler that failed
  std::vector<std::pair<std::string, std::string>> metadata;  ///< pairs that a handler has added
  bool operator==(const Failure&) const = default;
};

/// Results and texts that users see, as in Restate 1.7; fixed, since programs compare with them.
namespace failures {
inline Failure killed() { return {409, "killed", {}}; }        ///< somebody killed it
inline Failure canceled() { return {409, "canceled", {}}; }    ///< somebody cancelled it
inline Failure not_found() { return {404, "not found", {}}; }  ///< there is no such invocation
inline Failure gone() { return {410, "gone", {}}; }            ///< it was there, and is forgotten
/// To those who did not want to wait.
inline Failure not_ready() { return {470, "the response is not ready yet", {}}; }
/// Of a workflow's `run`, the second time.
inline Failure workflow_already_invoked() {
  return {409, "the workflow method was already invoked", {}};
}
/// Somebody else was first.
inline Failure promise_already_completed() { return {409, "promise was already completed", {}}; }
}  // namespace failures

/// What an invocation returns in the end.
using InvocationResult = std::variant<Bytes, Failure>;

/// Which life of an id: ids of workflows and idempotency keys come back after a purge. The LSN of
/// the record that created it; 0 in messages to an invocation whose incarnation is not known.
struct Incarnation {
  std::uint64_t lsn = 0;  ///< of the record that created it; 0: not known
  auto operator<=>(const Incarnation&) const = default;
  /// True if a message made for `this` may touch the life `current`.
  bool matches(Incarnation current) const { return lsn == 0 || lsn == current.lsn; }
};

/// A request at this node's ingress or admin API waits for the answer. Lost with the node.
struct IngressSink {
  RequestId request;  ///< the waiting request
  bool operator==(const IngressSink&) const = default;
};

/// Another invocation waits: the answer completes `completion` in its journal.
struct InvocationSink {
  InvocationId caller;           ///< who waits
  Incarnation incarnation;       ///< the life that waits
  std::uint32_t completion = 0;  ///< of the call, in its journal
  bool operator==(const InvocationSink&) const = default;
};

/// Who gets a result.
using ResponseSink = std::variant<IngressSink, InvocationSink>;

/// Who caused an invocation.
struct Source {
  /// Where a request came from. Numbers are stored.
  enum class Kind : std::uint8_t {
    kInternal = 0, kIngress = 1, kSubscription = 2, kService = 3, kRestartAsNew = 4 };
  Kind kind = Kind::kInternal;             ///< decides which of the others are there
  std::optional<RequestId> request;        ///< kIngress
  std::string subscription;                ///< kSubscription
  std::optional<InvocationId> invocation;  ///< kService, kRestartAsNew
  std::optional<InvocationTarget> target;  ///< kService
  bool operator==(const Source&) const = default;
};

/// W3C trace context as text; empty when nobody traces.
struct SpanContext {
  std::string traceparent;  ///< as the header of that name
  std::string tracestate;   ///< as the header of that name
  bool operator==(const SpanContext&) const = default;
};

/// How long things are kept once an invocation has ended, in milliseconds. UINT64_MAX: for ever.
struct Retention {
  std::uint64_t completion_ms = 0;  ///< of the result
  std::uint64_t journal_ms = 0;     ///< of the journal; not longer than the result
  bool operator==(const Retention&) const = default;
};

/// The deployment whose code an invocation started on, and the protocol it speaks with it.
struct PinnedDeployment {
  DeploymentId id;             ///< where its code is
  std::uint16_t protocol = 0;  ///< version of the service protocol
  bool operator==(const PinnedDeployment&) const = default;
};

/// A request to run something. Whoever proposes it has resolved everything: apply looks nothing up.
struct ServiceInvocation {
  InvocationId id;  ///< of the invocation to be
  InvocationTarget target;  ///< what runs
  Bytes argument;  ///< given to the handler
  Source source;  ///< who caused it
  SpanContext span;  ///< of the trace it belongs to
  std::vector<Header> headers;  ///< that the handler sees
  std::optional<WallTime> execution_time;  ///< not before; a past time goes through the timer too
  Retention retention;  ///< of its results
  std::optional<std::string> idempotency_key;  ///< nothing: none was given
  std::string limit_key;                         ///< ``, `l1` or `l1/l2`
  std::optional<ResponseSink> response_sink;     ///< who gets the result
  std::optional<RequestId> submit_notification;  ///< who is told that it was accepted
  std::string created_by = {};  ///< the version of the server that proposed it; empty: not known
  bool operator==(const ServiceInvocation&) const = default;
};

}  // namespace restate::wire

#pragma GCC visibility pop
