#pragma once

/// \file
/// What an endpoint may ask for. A command is checked on receipt, so that the state machine can
/// trust what it finds in the log; calls are resolved here, against the registry of this moment,
/// because apply looks nothing up.

#include "invoker/machine/failure.h"
#include "schema/schema.h"

#include <restate/ids.h>
#include <restate/time.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <optional>

namespace restate::invoker {

/// What a check needs to know. References are not kept.
struct CommandContext {
  const wire::InvocationTarget& caller;
  const wire::SpanContext& span;
  const schema::Schema& schema;
  const schema::Defaults& defaults;
  std::uint32_t command_index = 0;
  WallTime now;
  /// Fresh bits for the id of a callee.
  std::uint64_t random_high = 0;
  std::uint64_t random_low = 0;
  /// Idempotent calls of services go to buckets. False: as in clusters of old, to their key.
  bool controlled_sharding = true;
  /// Calls may name a scope, and one of virtual objects too.
  bool flow_control = false;
  bool scoped_virtual_objects = false;
};

/// Nothing if the command may enter the journal; `call` is then set for calls, and names the callee
/// where the state machine would look for it in another place. Otherwise the error that ends the
/// attempt.
std::optional<AttemptError> check_command(wire::EntryType type, const Bytes& body,
                                          const CommandContext& context,
                                          std::optional<wire::CallInfo>& call);

/// The id of the invocation that a call starts, or finds if there is one already.
InvocationId callee_id(const wire::InvocationTarget& target,
                       const std::optional<std::string>& idempotency_key, WallTime now,
                       std::uint64_t random_high, std::uint64_t random_low,
                       bool controlled_sharding = true);

}  // namespace restate::invoker
