#pragma once

// Judges whole logs after a run by the simplest reading of the rules: which record is a duplicate,
// which rows follow, which message must have arrived where.

#include <restate/bifrost/types.h>
#include <restate/ids.h>
#include <restate/result.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim {

class Audit {
 public:
  using Rows = std::map<std::string, std::string>;

  /// Applies the records up to `applied` to empty rows, with a restart every few records. The
  /// outcome must be `expected`, which a leader has, and no duplicate may have counted.
  restate::Result<void> read(restate::PartitionId partition,
                             const std::vector<restate::bifrost::LogEntry>& log,
                             std::uint64_t applied, const Rows& expected);
  /// Every message that one of the partitions read so far has sent must be in the log of another.
  restate::Result<void> check_messages() const;

  /// How many records of each command were read.
  const std::map<std::string, std::uint64_t>& commands() const { return commands_; }
  /// Permits of the scope `fixed` that were taken at once, at most.
  std::size_t most_fixed() const { return most_fixed_; }

 private:
  std::map<restate::PartitionId, std::uint64_t> sent_;
  std::map<restate::PartitionId, std::set<std::uint64_t>> arrived_;  ///< by sender
  std::map<std::string, std::uint64_t> commands_;
  std::size_t most_fixed_ = 0;
};

}  // namespace sim
