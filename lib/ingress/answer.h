#pragma once

/// \file
/// What the ingress says to its clients, byte for byte. Clients decide by status, headers and the
/// `source` of an error; they read the members of the JSON bodies, whose order is fixed.

#include "http/message.h"
#include "ingress/refusal.h"
#include "schema/schema.h"
#include "worker/client.h"

#include <restate/bytes.h>

#include <optional>
#include <string>
#include <string_view>

namespace restate::ingress {

struct Answer {
  /// Who speaks: somebody's result, an error of ours, or one of the invocation.
  enum class Source : std::uint8_t { kResult, kIngress, kInvocation };

  http::ResponseHead head;
  Bytes body;
  Source source = Source::kResult;
};

/// An error of the ingress.
Answer refuse(const Refusal& refusal);

/// What an invocation returned. The content type is that of the handler's latest revision; without
/// one the invocation's service is gone, and so is its answer.
struct Outcome {
  InvocationId invocation;
  std::optional<WallTime> expiry;
  const wire::InvocationResult& result;
};
Answer answer_output(const Outcome& outcome, const schema::Handler& handler);
/// The same where the handler is not known.
Answer answer_failure(const Outcome& outcome, const wire::Failure& failure);

Answer answer_send(const worker::InvokeReply& reply);
Answer answer_lookup(const InvocationId& id);
Answer answer_awakeable();
Answer answer_health(const schema::Schema& schema);

/// What CORS adds to every answer. `origin` is mirrored.
void add_cors(http::ResponseHead& head, const std::optional<std::string>& origin, bool preflight);
/// The answer to any OPTIONS request.
Answer answer_preflight(const http::RequestHead& request);

/// The HTTP status that stands for the code of a failure.
int status_of(std::uint32_t failure_code);

}  // namespace restate::ingress
