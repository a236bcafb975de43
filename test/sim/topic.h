#pragma once

// A topic of Kafka in the simulated world, and the groups that read it. Hands records over again
// whenever a group did not commit: after a crash, and when partitions move.

#include "runtime/kafka.h"

#include <restate/testing/world.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sim {

class Topic final : public restate::kafka::Connector {
 public:
  /// Each record adds 1 to one of the counters `k0`, `k1` ...
  Topic(std::uint32_t partitions, std::uint32_t records, std::uint32_t keys);

  std::unique_ptr<restate::kafka::Consumer> open(restate::Shard& shard,
                                                 restate::kafka::ConsumerOptions options,
                                                 restate::kafka::Listener& listener) override;

  /// Partitions stay where they are from now on.
  void heal() { healed_ = true; }
  /// There are groups, and the offsets of all of them are at the end.
  bool drained() const;
  /// What all groups together add to each counter.
  std::map<std::string, std::uint64_t> additions() const;
  /// Records that were handed over more than once.
  std::uint64_t repeated() const { return repeated_; }

 private:
  class Member;
  struct Place {
    std::int64_t committed = 0;  ///< where the group begins after a change
    std::int64_t stored = 0;     ///< where it is, and would commit
    std::int64_t furthest = 0;   ///< what was ever handed over
  };
  using Group = std::vector<Place>;  ///< by partition

  std::vector<std::vector<restate::kafka::Record>> partitions_;
  std::map<std::string, Group> groups_;
  std::uint64_t next_number_ = 1;
  std::uint64_t repeated_ = 0;
  bool healed_ = false;
};

}  // namespace sim
