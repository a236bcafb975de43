#pragma once

/// \file
/// What one query reads: a frozen view of each partition, the invoker's memory of the same moment,
/// and the registry. Taken once per query, so that joins see one state of a partition; read on any
/// thread afterwards.

#include "schema/rule_book.h"
#include "schema/schema.h"

#include <restate/completion.h>
#include <restate/ids.h>
#include <restate/storage/view.h>
#include <restate/time.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace restate::query {

/// How the last attempt failed.
struct LiveFailure {
  std::string message;     ///< `[500 Internal] boom`, then the stack trace if there is one
  std::string error_code;  ///< `RT0007`; empty if there is none
  std::optional<std::uint32_t> command_index;
  std::optional<std::string> command_name;
  std::optional<std::string> command_type;
};

/// An invocation that a leader runs, or will run again.
struct LiveAttempt {
  InvocationId invocation;
  bool in_flight = false;
  std::uint64_t retry_count = 0;  ///< attempts started
  std::optional<WallTime> last_start_at;
  std::optional<WallTime> next_retry_at;
  std::optional<DeploymentId> deployment;
  std::optional<std::string> server;
  std::optional<LiveFailure> failure;
  std::optional<wire::AwaitTree> awaiting_on;
};

/// How a counter of flow control stands with the leader: a scope, or levels of limit keys in it.
struct PermitCounter {
  std::string scope;
  std::optional<std::string> level1, level2;
  std::optional<std::uint32_t> limit;
  std::optional<std::string> rule;  ///< the pattern of the rule that counts, if there is one
  std::uint64_t running = 0;        ///< permits taken
  std::uint64_t waiting = 0;
};

struct PartitionInput {
  PartitionId partition;
  KeyRange keys;
  std::shared_ptr<const storage::View> rows;
  std::vector<LiveAttempt> live;       ///< by invocation
  std::vector<PermitCounter> permits;  ///< by scope and levels
  /// Invocations with a scope may be in it: they lie where the scope's hash says, not the key's.
  bool scoped = false;

  /// Null: no leader runs it.
  const LiveAttempt* find_live(const InvocationId& invocation) const;
};

struct Inputs {
  std::vector<PartitionInput> partitions;  ///< by key range
  schema::SchemaPtr schema;
  schema::RuleBookPtr rules;
  WallTime at;  ///< when all this was so
  /// As in `Needs`; a scan of others is refused.
  std::optional<std::set<InvocationId>> only;

  /// Null: nobody here has this key.
  const PartitionInput* find(PartitionKey key) const;
};

using InputsPtr = std::shared_ptr<const Inputs>;

/// What of it a statement names; what it does not name is left empty.
struct Needs {
  bool rows = false;  ///< stored rows
  bool live = false;  ///< what leaders keep in memory
  /// Of these invocations only: partitions without them, and the memory of others, are left out.
  std::optional<std::set<InvocationId>> only = std::nullopt;
};

/// Whoever has the partitions.
class InputSource {
 public:
  /// Completes on the shard of the completion, which is the caller's.
  /// - `kUnavailable`: a partition has not opened its tables yet.
  virtual void collect(Needs needs, Completion<InputsPtr> done) = 0;

 protected:
  ~InputSource() = default;
};

}  // namespace restate::query
