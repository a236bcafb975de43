#pragma once

/// \file
/// Invocations in memory: those of the batch at hand, and the ones that are likely to come again.

#include "partition/status.h"
#include "partition/tables.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace restate::partition {

/// One invocation, decoded.
struct Live {
  InvocationId id;
  bool exists = false;   ///< free otherwise
  bool stored = false;   ///< the committed rows have one of this id
  bool touched = false;  ///< changed since the last commit
  bool encoded = true;   ///< the overlay has the row as it is here
  InvocationStatus status;

  // The journal's indexes, once somebody asked for them (`Invocations::index`) and unless the
  // journal is too long.
  bool indexed = false;
  std::vector<Announced> announced;  ///< in order of completion ids
  std::vector<Arrival> arrivals;     ///< in order of notification ids
  std::optional<Bytes> last_output;  ///< body of the newest Output, if it is at hand

  std::size_t weight = 0;  ///< as the cache last counted it

  // Of the indexes, which are at hand.
  const Announced* find_announced(std::uint32_t completion) const;
  const Arrival* find_arrival(const wire::NotificationId& notification) const;
  /// Inserts or replaces.
  void insert(const Announced& row);
  void insert(Arrival row);
};

/// The cache. What it holds never changes what apply does, only how fast.
class Invocations {
 public:
  /// Invocations kept between batches: a node has dozens of partitions, and rows are quick to read.
  static constexpr std::size_t kCapacity = 1024;
  /// Partition keys of which the newest id is known: a service has 512, over all partitions.
  static constexpr std::size_t kNewest = 1024;
  /// It is looked up when a key was asked for this often: of most objects it would be never again.
  static constexpr std::uint8_t kNewestAfter = 4;
  /// Of journals that may have longer indexes, single rows are read.
  static constexpr std::size_t kLongestIndex = 1024;

  explicit Invocations(Tables rows) : rows_(rows) {}
  Invocations(const Invocations&) = delete;
  Invocations& operator=(const Invocations&) = delete;

  /// Null if the id is free. Valid until `committed`.
  Result<Live*> find(const InvocationId& id);
  /// The same of what is at hand, for whoever only looks: null also if that is not known.
  const InvocationStatus* known(const InvocationId& id) const {
    const auto found = by_id_.find(id);
    return found != by_id_.end() && found->second->exists ? &found->second->status : nullptr;
  }
  /// A new invocation under an id that is free.
  Live& create(const InvocationId& id);
  /// The status, to be changed.
  InvocationStatus& change(Live& live) {
    touch(live);
    return live.status;
  }
  void erase(Live& live);
  /// Reads both indexes of the journal, unless they are at hand.
  Result<void> index(Live& live);
  /// What was announced under `completion`.
  Result<std::optional<Announced>> find_announced(Live& live, std::uint32_t completion);
  /// What has come as `notification`.
  Result<std::optional<Arrival>> find_arrival(Live& live, const wire::NotificationId& notification);

  /// Calls `put(Live)` for every invocation that changed since it was last called.
  template <class Put>
  void encode(Put put) {
    for (Live* live : touched_) {
      if (live->encoded) continue;
      put(*live);
      live->encoded = true;
    }
  }
  /// Bytes kept between batches, roughly; beside `kCapacity`.
  void set_limit(std::size_t bytes) { limit_ = bytes; }
  std::size_t bytes() const { return bytes_; }
  /// Drops what will hardly be asked for again.
  void committed();

 private:
  /// What one partition key has, as far as ids begin with a time.
  struct Newest {
    bool known = false;
    std::uint8_t asked = 0;
    Uuid uuid;  ///< none is greater
  };

  /// True: no row has this id. Ids of requests begin with the time at which they were made, so nearly
  /// every new one is later than all that its key has. False says nothing.
  Result<bool> is_latest(const InvocationId& id);
  void touch(Live& live);
  void weigh(Live& live);
  static bool is_long(const Live& live);

  Tables rows_;
  std::list<Live> by_use_;  // the latest first
  std::unordered_map<InvocationId, std::list<Live>::iterator, IdHash> by_id_;
  std::vector<Live*> touched_;
  std::unordered_map<std::uint64_t, Newest> newest_;  ///< by partition key
  std::size_t limit_ = std::size_t{8} << 20;
  std::size_t bytes_ = 0;  ///< the sum of all `Live::weight`
};

}  // namespace restate::partition
