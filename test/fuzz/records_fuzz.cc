// Records of the log, as a damaged disk may give them back.

#include "fuzz/fuzz.h"
#include "wire/codec.h"

#include <cstdlib>

using namespace restate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = Bytes::copy(data, size);
  if (const auto envelope = wire::decode(input)) {
    // What was understood can be written and comes back as it was.
    const auto again = wire::decode(wire::encode(*envelope));
    if (!again || !(*again == *envelope)) std::abort();
  }
  (void)wire::decode_outbox(input);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  using namespace restate::wire;
  std::vector<std::string> seeds;
  const auto add = [&](Command command) {
    seeds.push_back(encode(Envelope{SelfDedup{{3}, 4}, std::move(command)}).str());
  };
  ServiceInvocation invocation;
  invocation.target = {ServiceType::kVirtualObject, HandlerType::kExclusive, "S", "k", "h", "scope"};
  invocation.argument = Bytes("argument");
  invocation.source.request = RequestId{};
  invocation.headers = {{"a", "b"}};
  invocation.execution_time = WallTime{1};
  invocation.idempotency_key = "ik";
  invocation.response_sink = InvocationSink{};
  add(Invoke{invocation});
  add(VersionBarrier{"1.0", "r", {1, 2}});
  add(PatchState{{}, {1}, "v", {{"a", Bytes("1")}, {"b", Bytes("2")}}});
  add(Terminate{{}, Terminate::Flavor::kCancel, {1}, RequestId{}});
  add(Attach{{}, true, IngressSink{}});
  const AwaitTree tree{Combinator::kAllCompleted,
                       {CompletionId{1}, SignalName{"n"}},
                       {{Combinator::kUnknown, {SignalIndex{2}}, {}}}};
  add(InvokerEffect{{}, Suspended{tree, 2}});
  add(InvokerEffect{{}, NewEntry{EntryType::kCall, Bytes("body"), CallInfo{}, 3, true}});
  add(InvokerEffect{{}, Paused{JournalEvent{JournalEvent::Type::kPaused, Bytes("{}")}}});
  add(InvokerEffect{{}, Failed{{500, "m", {{"k", "v"}}}}});
  add(InvocationResponse{{}, {1}, 2, Failure{409, "m", {}}});
  add(NotifySignal{{}, SignalName{"n"}, Bytes("v")});
  add(UpsertSchema{1, Bytes("{}")});
  add(UpsertRuleBook{1, Bytes("{}")});
  const QueuePlace place{{}, {}, {true, {5}, 6}};
  add(QueueDecisions{{place, place}, {place}});
  add(PauseQueue{{{1}, {}}, true});
  return seeds;
}
