#pragma once

/// \file
/// A call or send on its way from HTTP to an invocation: what its head must satisfy before the body
/// is read, and what the two together make. The order of the checks is visible to clients.

#include "http/message.h"
#include "ingress/options.h"
#include "ingress/parse.h"
#include "schema/schema.h"

#include <restate/bytes.h>
#include <restate/runtime.h>
#include <restate/wire/invocation.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restate::ingress {

/// The head of a call or send that passed all checks that need no body.
struct InvokeRequest {
  bool send = false;
  schema::SchemaPtr schema;  ///< one snapshot from the first check to the append
  const schema::Handler* handler = nullptr;
  wire::InvocationTarget target;
  std::optional<std::string> idempotency_key;
  /// What the handler sees: the path, then the client's headers, the first value of each.
  std::vector<wire::Header> headers;
  wire::SpanContext span;

  std::optional<std::string> content_type;
  std::optional<std::string> limit_key_header;
  std::optional<std::string> delay, limit_key_parameter;
  /// The first header whose value is not plain ASCII; reported only after the body's checks.
  std::optional<std::string> bad_header;
};

/// `path` is normalised. A request that passes has taken the headers out of `head`.
std::variant<Refusal, InvokeRequest> examine(const InvokeRoute& route,
                                             const schema::SchemaPtr& schema,
                                             http::RequestHead& head, std::string_view path,
                                             const IngressOptions& options);

/// The checks that need the body. What passes them has an id and is ready to be appended; `request`
/// has given its parts away then.
std::variant<Refusal, wire::ServiceInvocation> admit(InvokeRequest& request, Bytes body,
                                                     Shard& shard, const IngressOptions& options);

/// Bytes a header value may have: 0x20 to 0x7E, and tab.
bool is_plain_ascii(std::string_view value);

}  // namespace restate::ingress
