#include "topic.h"

#include <algorithm>

namespace sim {

using namespace restate;

/// The only member of its group.
class Topic::Member final : public kafka::Consumer {
 public:
  Member(Topic& topic, Group& group, Shard& shard, kafka::Listener& listener)
      : topic_(topic),
        group_(group),
        shard_(shard),
        listener_(listener),
        timer_(shard.make_timer([this] { step(); })) {
    rest();
  }

  void done(kafka::Assignment assignment, std::int64_t offset, std::size_t) override {
    const auto partition = static_cast<std::size_t>(assignment.partition);
    if (lanes_.empty() || lanes_[partition].assignment != assignment) return;
    group_[partition].stored = std::max(group_[partition].stored, offset + 1);
  }

 private:
  struct Lane {
    kafka::Assignment assignment;
    std::int64_t next = 0;
  };

  void rest() { timer_->arm(shard_.now() + milliseconds(1 + shard_.random().below(20))); }

  void step() {
    rest();
    if (lanes_.empty()) return join();
    switch (shard_.random().below(8)) {
      case 0:
        if (!topic_.healed_) leave();
        return;
      case 1:
        for (Place& place : group_) place.committed = place.stored;
        return;
      default:
        return hand_over(shard_.random().below(lanes_.size()));
    }
  }

  void join() {
    for (std::size_t i = 0; i < group_.size(); ++i) {
      group_[i].stored = group_[i].committed;
      lanes_.push_back({{static_cast<std::int32_t>(i), topic_.next_number_++},
                        group_[i].committed});
      listener_.on_assigned(lanes_.back().assignment);
    }
  }

  /// With or without a last commit.
  void leave() {
    for (std::size_t i = 0; i < group_.size(); ++i) {
      if (shard_.random().below(2) == 0) group_[i].committed = group_[i].stored;
      listener_.on_revoked(lanes_[i].assignment);
    }
    lanes_.clear();
  }

  void hand_over(std::size_t partition) {
    const auto& records = topic_.partitions_[partition];
    Lane& lane = lanes_[partition];
    std::vector<kafka::Record> batch;
    const std::uint64_t count = 1 + shard_.random().below(4);
    for (; batch.size() < count && lane.next < static_cast<std::int64_t>(records.size()); ++lane.next) {
      if (lane.next < group_[partition].furthest) ++topic_.repeated_;
      batch.push_back(records[static_cast<std::size_t>(lane.next)]);
    }
    group_[partition].furthest = std::max(group_[partition].furthest, lane.next);
    if (!batch.empty()) listener_.on_records(lane.assignment, std::move(batch));
  }

  Topic& topic_;
  Group& group_;
  Shard& shard_;
  kafka::Listener& listener_;
  std::vector<Lane> lanes_;
  std::unique_ptr<Timer> timer_;
};

Topic::Topic(std::uint32_t partitions, std::uint32_t records, std::uint32_t keys)
    : partitions_(partitions) {
  for (std::uint32_t i = 0; i < records; ++i) {
    auto& partition = partitions_[i % partitions];
    kafka::Record& record = partition.emplace_back();
    record.offset = static_cast<std::int64_t>(partition.size()) - 1;
    record.key = Bytes("k" + std::to_string(i % keys));
    record.value = Bytes("\"1\"");
  }
}

std::unique_ptr<kafka::Consumer> Topic::open(Shard& shard, kafka::ConsumerOptions options,
                                             kafka::Listener& listener) {
  Group& group = groups_[options.properties["group.id"]];
  group.resize(partitions_.size());
  return std::make_unique<Member>(*this, group, shard, listener);
}

bool Topic::drained() const {
  return !groups_.empty() && std::ranges::all_of(groups_, [this](const auto& entry) {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      if (entry.second[i].stored < static_cast<std::int64_t>(partitions_[i].size())) return false;
    }
    return true;
  });
}

std::map<std::string, std::uint64_t> Topic::additions() const {
  std::map<std::string, std::uint64_t> additions;
  for (const auto& partition : partitions_) {
    for (const kafka::Record& record : partition) additions[record.key->str()] += groups_.size();
  }
  return additions;
}

}  // namespace sim
