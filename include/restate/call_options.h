#pragma once

/// \file
/// What a durable function says beside the argument when it calls another one.

#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// What a call says beside its argument. All of it is text in UTF-8; a call with anything else, or with an
/// idempotency key that is empty, is refused with `kInvalidArgument`.
struct CallOptions {
  std::string key = {};  ///< of objects and workflows
  /// The same key runs once, and every call with it has that result while it is retained.
  std::optional<std::string> idempotency_key = {};
  std::vector<wire::Header> headers = {};  ///< that the callee sees
  std::optional<std::string> scope = {},   ///< the callee's (docs/flow-control.md); protocol 7
      limit_key = {};                      ///< within the scope; protocol 7
  std::string name = {};                   ///< shown in the journal
};

/// What a send says beside its argument.
struct SendOptions : CallOptions {
  Duration delay{};  ///< not before
};

}  // namespace restate

#pragma GCC visibility pop
