#include <restate/wire/commands.h>

#include "support/catch.h"

using namespace restate;
using namespace restate::wire;

TEST_CASE("a target reads like a path", "[wire]") {
  InvocationTarget target;
  target.service = "Greeter";
  target.handler = "greet";
  CHECK(target.str() == "Greeter/greet");
  target.type = ServiceType::kVirtualObject;
  target.key = "a";
  CHECK(target.str() == "Greeter/a/greet");
  target.key.clear();
  CHECK(target.str() == "Greeter//greet");
}

TEST_CASE("every code of the journal has a name, and nothing else is known", "[wire][journal]") {
  int known = 0;
  for (std::uint32_t code = 0; code <= 0xFFFF; ++code) {
    if (!is_known_entry(static_cast<std::uint16_t>(code))) continue;
    ++known;
    const auto type = static_cast<EntryType>(code);
    const std::string_view prefix = is_command(type) ? "Command: " : "Notification: ";
    CHECK(entry_type_name(type).substr(0, prefix.size()) == prefix);
  }
  CHECK(known == 20 + 12);
  CHECK_FALSE(is_known_entry(0x040F));
  CHECK(entry_type_name(EntryType::kRun) == "Command: Run");
  CHECK(entry_type_name(EntryType::kSleepCompletion) == "Notification: Sleep");
  CHECK(entry_type_name(EntryType::kSignalNotification) == "Notification: Signal");
}

TEST_CASE("commands about an invocation go where it lives", "[wire][commands]") {
  const InvocationId id{{7}, {}};
  CHECK(destination(Command(Purge{id, {}, {}})) == PartitionKey{7});
  Invoke invoke;
  invoke.invocation.id = id;
  CHECK(destination(Command(invoke)) == PartitionKey{7});
  CHECK(destination(OutboxMessage(invoke)) == PartitionKey{7});
  TimerFired timer;
  timer.key.invocation = id;
  CHECK(destination(Command(timer)) == PartitionKey{7});
  InvocationResponse response;
  response.caller = id;
  CHECK(destination(Command(response)) == PartitionKey{7});
  CHECK(destination(OutboxMessage(response)) == PartitionKey{7});
  PatchState patch;
  patch.key = {9};
  CHECK(destination(Command(patch)) == PartitionKey{9});

  CHECK_FALSE(destination(Command(AnnounceLeader{})));
  CHECK_FALSE(destination(Command(UpsertSchema{})));
  CHECK_FALSE(destination(Command(TruncateOutbox{})));
  CHECK(command_name(Command(Pause{})) == "Pause");
  CHECK(command_name(Command(QueueDecisions{})) == "QueueDecisions");
  CHECK(command_name(Command(PauseQueue{})) == "PauseQueue");
  CHECK_FALSE(destination(Command(QueueDecisions{})));
  CHECK(destination(Command(PauseQueue{{{9}, {}}, true})) == PartitionKey{9});
}
