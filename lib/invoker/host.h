#pragma once

/// \file
/// What an invoker needs from the leader of its partition.

#include "schema/schema.h"

#include <restate/result.h>
#include <restate/wire/commands.h>
#include <restate/wire/journal.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::invoker {

/// What the row of an invocation says at the start of an attempt.
struct InvocationInput {
  wire::InvocationTarget target;
  std::optional<wire::PinnedDeployment> pinned;
  std::uint32_t journal_length = 0;  ///< all entries; at least the input
  WallTime created_at;
  WallTime modified_at;
  std::uint64_t random_seed = 0;
  wire::SpanContext span;
  std::string limit_key;  ///< empty: none
  std::optional<std::string> idempotency_key;
};

/// Eager state: whole entries in key order.
struct StateInput {
  std::vector<std::pair<Bytes, Bytes>> entries;
  bool partial = false;  ///< not everything is in `entries`
};

/// Is given entries of a journal, one after another.
class JournalReader {
 public:
  /// `body` is valid during the call. False: enough.
  virtual bool entry(wire::EntryType type, std::string_view body) = 0;

 protected:
  ~JournalReader() = default;
};

/// Reads see everything applied, and nothing applies between two calls of one turn. Effects are
/// taken down and proposed to the log in this order: `on_effect` must not call into the invoker.
class InvokerHost {
 public:
  /// Something became of the attempt. `token` is that of `Invoker::invoke`; the host drops effects
  /// whose token is not the current one.
  /// - `kInvalidArgument`: the effect is too large to be stored, now or ever.
  virtual Result<void> on_effect(const InvocationId& invocation, std::uint32_t token,
                                 wire::Effect effect) = 0;

  /// - `kFailedPrecondition`, `kNotFound`: the invocation is not `invoked`; the invoker forgets it.
  virtual Result<InvocationInput> read_invocation(const InvocationId& invocation) = 0;
  /// Gives entries [from, to) of the journal to `reader`, as many as fit into `max_bytes`, but at
  /// least one.
  virtual Result<void> read_journal(const InvocationId& invocation, std::uint32_t from,
                                    std::uint32_t to, std::size_t max_bytes,
                                    JournalReader& reader) = 0;
  /// The state of the key of `target`: whole entries in key order until the next would exceed
  /// `max_bytes` (keys and values counted); then `partial`.
  virtual Result<StateInput> read_state(const wire::InvocationTarget& target, PartitionKey key,
                                        std::size_t max_bytes) = 0;

  virtual schema::SchemaPtr schema() = 0;

 protected:
  ~InvokerHost() = default;
};

}  // namespace restate::invoker
