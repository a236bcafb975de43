#pragma once

/// \file
/// Answers: to requests that wait at ingress or admin, and to invocations, here or elsewhere.

#include "partition/machine/step.h"

#include <cstddef>
#include <optional>
#include <variant>

namespace restate::partition {

/// `Void`: not ready.
using Answer = std::variant<wire::Void, Bytes, wire::Failure>;

inline Answer answer_of(const wire::InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) return *value;
  return std::get<wire::Failure>(result);
}

/// Puts a message into the outbox, also if it stays on this partition: one way, one order.
void send(wire::OutboxMessage message, Step& step);

/// Where an answer comes from, as ingress tells its clients.
struct AnswerOrigin {
  std::optional<InvocationId> invocation;
  std::optional<WallTime> completion_expiry;  ///< of a completed row
};
void reply(const wire::ResponseSink& sink, Answer answer, const AnswerOrigin& origin, Step& step);

/// The copies of one result that invocations get who wait for it: each is a row, and all of them are
/// of one commit. A commit cannot have more than 4 GiB, and no partition would get beyond a record
/// that asks for one.
class Copies {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  explicit Copies(const wire::InvocationResult& result, std::size_t most_bytes = kMostBytes);

  /// What the next one gets: the result, or the news that it was too large for so many.
  Answer next();

 private:
  const wire::InvocationResult& result_;
  const std::size_t most_;  ///< in number
  std::size_t made_ = 0;
};

/// Answers everyone who waits for `live`, in the order in which they came.
void reply_to_all(const Live& live, const wire::InvocationResult& result, Step& step);

/// Answers with the result of an invocation, or remembers that somebody waits for it.
void reply_or_wait(Live& live, const wire::ResponseSink& sink, Step& step);

/// Tells an operator what became of the request, if there is one who waits.
void respond(const std::optional<RequestId>& request, OperationResponse::Operation operation,
             OperationOutcome outcome, Step& step,
             std::optional<InvocationId> new_invocation = std::nullopt);

}  // namespace restate::partition
