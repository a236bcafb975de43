// The state machine without the engine: records in, rows and actions out. No thread, no clock, no
// disk; the rows are wherever a `View` can read them, and this program is all the log there is.

#include <restate/partition/machine.h>
#include <restate/storage/durable_space.h>
#include <restate/storage/memory.h>

#include <iostream>

using namespace restate;

/// One partition: a machine, the rows that it reads, and a log that is only counted.
class Partition {
 public:
  explicit Partition(storage::DurableSpace& rows) : rows_(rows), machine_({}, {}, rows) {}

  Result<void> open() { return machine_.open(); }

  /// What a leader does with a record: apply it, write the rows, and only then act.
  Result<void> feed(wire::Command command) {
    std::cout << wire::command_name(command) << "\n";
    partition::Actions actions;
    const std::uint64_t lsn = machine_.applied() + 1;
    const WallTime now{1'800'000'000'000 + lsn};  // the log's stamp on the record
    RESTATE_TRY_VOID(machine_.apply(lsn, now, {wire::NoDedup{}, std::move(command)}, actions));
    storage::Batch batch;
    machine_.take_batch(batch);
    RESTATE_TRY_VOID(rows_.write(batch));
    machine_.committed();
    for (const auto& action : actions) std::cout << "  " << partition::describe(action) << "\n";
    return {};
  }

  std::uint64_t applied() const { return machine_.applied(); }

 private:
  storage::DurableSpace& rows_;
  partition::Machine machine_;
};

/// A call of `Counter/ada/add`, as an ingress would propose it.
static wire::Invoke add(std::uint8_t number) {
  wire::ServiceInvocation call;
  call.id.key = PartitionKey{7};
  call.id.uuid.bytes[15] = number;
  call.target = {wire::ServiceType::kVirtualObject, wire::HandlerType::kExclusive, "Counter", "ada", "add", {}};
  call.argument = "1";
  RequestId request;
  request.uuid.bytes[15] = number;
  call.response_sink = wire::IngressSink{request};
  return {std::move(call)};
}

static Result<void> tell(storage::DurableSpace& rows) {
  const wire::Invoke first = add(1), second = add(2);
  {
    Partition partition(rows);
    RESTATE_TRY_VOID(partition.open());
    RESTATE_TRY_VOID(partition.feed(wire::AnnounceLeader{{NodeId{1}, 1}, LeaderEpoch{1}}));
    RESTATE_TRY_VOID(partition.feed(first));   // starts
    RESTATE_TRY_VOID(partition.feed(second));  // the object is busy: it waits
  }
  // The process dies here. What counts is in the rows, so another machine goes on.
  Partition partition(rows);
  RESTATE_TRY_VOID(partition.open());
  std::cout << "opened again at " << partition.applied() << "\n";
  wire::InvokerEffect failed{first.invocation.id, wire::Failed{{500, "out of numbers", {}}}};
  RESTATE_TRY_VOID(partition.feed(std::move(failed)));  // answers the first, starts the second
  RESTATE_TRY_VOID(partition.feed(
      wire::Terminate{second.invocation.id, wire::Terminate::Flavor::kKill, {}, {}}));
  return {};
}

int main() {
  storage::MemoryDisk disk;
  const auto rows = storage::open_memory_durable_space(disk, "rows");
  const Result<void> told = tell(*rows);
  return told ? 0 : report(told.error());
}
