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

namespace restate::wire {

enum class ServiceType : std::uint8_t { kService = 0, kVirtualObject = 1, kWorkflow = 2 };

/// `kPlain` for services, `kExclusive` and `kShared` for objects, `kWorkflow` (the run handler) and
/// `kShared` for workflows.
enum class HandlerType : std::uint8_t { kPlain = 0, kExclusive = 1, kShared = 2, kWorkflow = 3 };

/// Which code runs, and for which key.
struct InvocationTarget {
  ServiceType type = ServiceType::kService;
  HandlerType handler_type = HandlerType::kPlain;
  std::string service;
  std::string key;  ///< empty is a legal key of an object; services have none
  std::string handler;
  std::optional<std::string> scope;

  bool keyed() const { return type != ServiceType::kService; }
  /// Only these take the object's lock.
  bool exclusive() const {
    return type == ServiceType::kVirtualObject && handler_type == HandlerType::kExclusive;
  }
  bool workflow_run() const {
    return type == ServiceType::kWorkflow && handler_type == HandlerType::kWorkflow;
  }
  /// `Counter/a/add`, as users and SQL see it.
  std::string str() const;
  bool operator==(const InvocationTarget&) const = default;
};

/// A header of a request, in the order in which it came.
struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

/// How user code failed, for good. Data, not an `Error` of ours.
struct Failure {
  std::uint32_t code = 500;
  std::string message;
  std::vector<std::pair<std::string, std::string>> metadata;
  bool operator==(const Failure&) const = default;
};

/// Results and texts that users see (service-protocol 10.3); fixed.
namespace failures {
inline Failure killed() { return {409, "killed", {}}; }
inline Failure canceled() { return {409, "canceled", {}}; }
inline Failure not_found() { return {404, "not found", {}}; }
inline Failure gone() { return {410, "gone", {}}; }
inline Failure not_ready() { return {470, "the response is not ready yet", {}}; }
inline Failure workflow_already_invoked() {
  return {409, "the workflow method was already invoked", {}};
}
inline Failure promise_already_completed() { return {409, "promise was already completed", {}}; }
}  // namespace failures

/// What an invocation returns in the end.
using InvocationResult = std::variant<Bytes, Failure>;

/// Which life of an id: ids of workflows and idempotency keys come back after a purge. The LSN of
/// the record that created it; 0 in messages to an invocation whose incarnation is not known.
struct Incarnation {
  std::uint64_t lsn = 0;
  auto operator<=>(const Incarnation&) const = default;
  /// True if a message made for `this` may touch the life `current`.
  bool matches(Incarnation current) const { return lsn == 0 || lsn == current.lsn; }
};

/// A request at this node's ingress or admin API waits for the answer. Lost with the node.
struct IngressSink {
  RequestId request;
  bool operator==(const IngressSink&) const = default;
};

/// Another invocation waits: the answer completes `completion` in its journal.
struct InvocationSink {
  InvocationId caller;
  Incarnation incarnation;
  std::uint32_t completion = 0;
  bool operator==(const InvocationSink&) const = default;
};

using ResponseSink = std::variant<IngressSink, InvocationSink>;

/// Who caused an invocation.
struct Source {
  enum class Kind : std::uint8_t {
    kInternal = 0, kIngress = 1, kSubscription = 2, kService = 3, kRestartAsNew = 4 };
  Kind kind = Kind::kInternal;
  std::optional<RequestId> request;           ///< kIngress
  std::string subscription;                   ///< kSubscription
  std::optional<InvocationId> invocation;     ///< kService, kRestartAsNew
  std::optional<InvocationTarget> target;     ///< kService
  bool operator==(const Source&) const = default;
};

/// W3C trace context as text; empty when nobody traces.
struct SpanContext {
  std::string traceparent;
  std::string tracestate;
  bool operator==(const SpanContext&) const = default;
};

/// How long things are kept once an invocation has ended, in milliseconds. UINT64_MAX: for ever.
struct Retention {
  std::uint64_t completion_ms = 0;
  std::uint64_t journal_ms = 0;
  bool operator==(const Retention&) const = default;
};

/// The deployment whose code an invocation started on, and the protocol it speaks with it.
struct PinnedDeployment {
  DeploymentId id;
  std::uint16_t protocol = 0;
  bool operator==(const PinnedDeployment&) const = default;
};

/// A request to run something. Whoever proposes it has resolved everything: apply looks nothing up.
struct ServiceInvocation {
  InvocationId id;
  InvocationTarget target;
  Bytes argument;
  Source source;
  SpanContext span;
  std::vector<Header> headers;
  std::optional<WallTime> execution_time;  ///< not before; a past time goes through the timer too
  Retention retention;
  std::optional<std::string> idempotency_key;
  std::string limit_key;                         ///< ``, `l1` or `l1/l2`
  std::optional<ResponseSink> response_sink;     ///< who gets the result
  std::optional<RequestId> submit_notification;  ///< who is told that it was accepted
  std::string created_by = {};  ///< the version of the server that proposed it; empty: not known
  bool operator==(const ServiceInvocation&) const = default;
};

}  // namespace restate::wire
