#pragma once

// Random records for a partition: mostly what a leader and its users would send, and a good share
// of what they never should. Two runs of one seed give the same records.

#include "support/partition.h"

#include <cstdint>
#include <string>
#include <vector>

namespace restate::testing {

class Workload {
 public:
  /// Odd seeds switch `vqueues` on, with the first record.
  explicit Workload(std::uint64_t seed) : vqueues_(seed % 2 == 1), state_(seed) {}

  /// The next record, given the rows as they are.
  Record next(const TestPartition& partition);
  /// A stamp of the log's clock, which jumps both ways.
  WallTime next_time();
  std::uint64_t below(std::uint64_t limit);
  bool chance(std::uint64_t percent) { return below(100) < percent; }

 private:
  wire::Command command(const TestPartition& partition);
  wire::Invoke invoke();
  wire::InvokerEffect effect(const TestPartition& partition);
  wire::Effect entry();
  wire::EntryContent content(wire::EntryType type);
  wire::AwaitTree tree(int depth);
  wire::Command operation();
  wire::Command timer(const TestPartition& partition);
  wire::Command queues(const TestPartition& partition);

  InvocationId id();
  /// Mostly one with an attempt.
  InvocationId running(const TestPartition& partition);
  wire::InvocationTarget target();
  wire::InvocationTarget unscoped();
  std::string text();
  Bytes bytes() { return Bytes(text()); }
  wire::CompletionId completion() { return {static_cast<std::uint32_t>(below(12))}; }
  wire::NotificationId notification();
  wire::Failure failure() {
    return {static_cast<std::uint32_t>(400 + below(100)), text(), {{"k", text()}}};
  }
  std::variant<wire::Void, Bytes, wire::Failure> result();
  wire::InvocationResult output();
  std::optional<RequestId> request();
  wire::ResponseSink sink();
  wire::Incarnation incarnation(const TestPartition& partition, const InvocationId& id);

  const bool vqueues_;
  bool switched_on_ = false;
  std::uint64_t state_;
  std::uint64_t time_ = 5000;
  std::uint64_t epoch_ = 1;
  std::uint64_t sequence_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace restate::testing
