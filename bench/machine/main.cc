// What applying one record costs, without a disk: the state machine over rows in a map. Prints JSON.
// bench-machine [invocations]

#include "support/partition.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace restate;
using namespace restate::testing;

namespace {

constexpr std::size_t kBatch = 32;

InvocationId numbered(std::uint64_t number) {
  InvocationId id;
  id.key.value = number * 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 8; ++i) {
    id.uuid.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

// Applies the records of all invocations, those of `together` interleaved.
template <class MakeRecords>
void measure(const char* name, std::uint64_t invocations, std::uint64_t together,
             MakeRecords make_records) {
  TestPartition partition;
  std::vector<wire::Envelope> records;
  for (std::uint64_t first = 0; first < invocations; first += together) {
    std::vector<std::vector<wire::Command>> lives;
    for (std::uint64_t i = 0; i < together; ++i) lives.push_back(make_records(numbered(first + i)));
    for (std::size_t step = 0; step < lives[0].size(); ++step) {
      for (auto& life : lives) records.push_back({{}, std::move(life[step])});
    }
  }
  std::uint64_t sequence = 0;
  for (auto& record : records) record.dedup = wire::SelfDedup{LeaderEpoch{1}, ++sequence};

  std::chrono::nanoseconds applying{0};
  std::chrono::nanoseconds taking{0};
  std::uint64_t actions_seen = 0;
  std::size_t bytes = 0;
  partition::Actions actions;
  storage::Batch batch;
  std::uint64_t lsn = 0;
  for (std::size_t at = 0; at < records.size(); at += kBatch) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = at; i < std::min(at + kBatch, records.size()); ++i) {
      ++lsn;
      static_cast<void>(partition.machine().apply(lsn, {1000 + lsn}, records[i], actions).value());
    }
    const auto applied = std::chrono::steady_clock::now();
    batch.clear();
    partition.machine().take_batch(batch);
    const auto taken = std::chrono::steady_clock::now();
    partition.rows().commit(batch);
    const auto committed = std::chrono::steady_clock::now();
    partition.machine().committed();
    applying += applied - start;
    taking += (taken - applied) + (std::chrono::steady_clock::now() - committed);
    actions_seen += actions.size();
    bytes += batch.bytes();
    actions.clear();
  }
  const auto per_record = [&](std::chrono::nanoseconds total) {
    return static_cast<double>(total.count()) / static_cast<double>(records.size());
  };
  std::printf(
      "{\"scenario\":\"%s\",\"records\":%zu,\"apply_ns\":%.0f,\"encode_ns\":%.0f,\"actions\":%llu,"
      "\"row_bytes\":%.0f}\n",
      name, records.size(), per_record(applying), per_record(taking),
      static_cast<unsigned long long>(actions_seen),
      static_cast<double>(bytes) / static_cast<double>(records.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t invocations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64'000;
  const wire::Retention day{86'400'000, 86'400'000};
  measure("noop", invocations, 64, [&](const InvocationId& id) {
    return std::vector<wire::Command>{
        invoke(id, service(), {.reply = RequestId{id.uuid}, .retention = day}),
        effect(id, wire::Pinned{{make_deployment(1), 6}}), output(id, Bytes("\"out\""), 1),
        ended(id)};
  });
  measure("three steps", invocations, 64, [&](const InvocationId& id) {
    std::vector<wire::Command> life{
        invoke(id, service(), {.reply = RequestId{id.uuid}, .retention = day}),
        effect(id, wire::Pinned{{make_deployment(1), 6}})};
    for (std::uint32_t i = 1; i <= 3; ++i) {
      life.push_back(run(id, i));
      life.push_back(ran(id, i, Bytes("\"result\"")));
    }
    life.push_back(output(id, Bytes("\"out\""), 4));
    life.push_back(ended(id));
    return life;
  });
  measure("object state", invocations, 64, [&](const InvocationId& id) {
    return std::vector<wire::Command>{
        invoke(id, object(std::to_string(id.uuid.low() % 4096)),
               {.reply = RequestId{id.uuid}, .retention = day}),
        effect(id, wire::Pinned{{make_deployment(1), 6}}), set_state(id, "count", "1"),
        output(id, Bytes("\"out\""), 2), ended(id)};
  });
  measure("sleep", invocations, 64, [&](const InvocationId& id) {
    return std::vector<wire::Command>{
        invoke(id, service(), {.reply = RequestId{id.uuid}, .retention = day}),
        effect(id, wire::Pinned{{make_deployment(1), 6}}),
        sleep(id, 1, {5000}),
        suspended(id, {wire::CompletionId{1}, wire::SignalIndex{1}}, 2),
        sleep_over(id, 1, {5000}),
        output(id, Bytes("\"out\""), 2),
        ended(id)};
  });
}
