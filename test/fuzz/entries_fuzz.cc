// Journal entries as any SDK may send them: decoding ends, what was understood is understood again,
// and no entry stops a partition that applies it.

#include "fuzz/fuzz.h"
#include "partition/invariants.h"
#include "support/partition.h"
#include "wire/entry.h"

#include <algorithm>
#include <array>
#include <cstdlib>

using namespace restate;
using wire::EntryType;

namespace {

constexpr std::array kTypes = {
    EntryType::kInput, EntryType::kOutput, EntryType::kGetLazyState, EntryType::kSetState,
    EntryType::kClearState, EntryType::kClearAllState, EntryType::kGetLazyStateKeys,
    EntryType::kGetEagerState, EntryType::kGetEagerStateKeys, EntryType::kGetPromise,
    EntryType::kPeekPromise, EntryType::kCompletePromise, EntryType::kSleep, EntryType::kCall,
    EntryType::kOneWayCall, EntryType::kSendSignal, EntryType::kRun, EntryType::kAttachInvocation,
    EntryType::kGetInvocationOutput, EntryType::kCompleteAwakeable,
    EntryType::kGetLazyStateCompletion, EntryType::kGetLazyStateKeysCompletion,
    EntryType::kGetPromiseCompletion, EntryType::kPeekPromiseCompletion,
    EntryType::kCompletePromiseCompletion, EntryType::kSleepCompletion, EntryType::kCallCompletion,
    EntryType::kCallInvocationIdCompletion, EntryType::kRunCompletion,
    EntryType::kAttachInvocationCompletion, EntryType::kGetInvocationOutputCompletion,
    EntryType::kSignalNotification};

void round_trip(EntryType type, const Bytes& body) {
  const auto entry = wire::decode_entry(type, body);
  if (!entry) return;
  const Bytes once = wire::encode_entry(type, *entry, wire::entry_name(type, body));
  const auto again = wire::decode_entry(type, once);
  if (!again || wire::encode_entry(type, *again, wire::entry_name(type, once)) != once) std::abort();
  if (const auto* attach = std::get_if<wire::AttachInvocationEntry>(&*entry)) {
    (void)wire::resolve(attach->target);
  }
}

/// What the state machine makes of it: the invocation may end, the partition goes on.
void apply(EntryType type, const Bytes& body, bool with_callee) {
  testing::TestPartition partition;
  const InvocationId caller = testing::make_id(1);
  partition.apply(testing::invoke(caller, testing::workflow("k"), {.reply = testing::make_request(1)}));
  wire::NewEntry entry;
  entry.type = type;
  entry.body = body;
  if (with_callee) entry.call = wire::CallInfo{testing::make_id(2), testing::service(), {}, {}};
  // Twice: the second time every completion is announced already.
  for (int round = 0; round < 2; ++round) {
    partition::Actions actions;
    if (!partition.try_apply({{}, testing::effect(caller, entry)}, actions)) std::abort();
    partition.commit();
  }
  partition.apply(testing::ended(caller));
  if (!partition::check_invariants(partition.rows())) std::abort();
}

std::string seed(EntryType type, Bytes body, bool with_callee = false) {
  const auto at = std::find(kTypes.begin(), kTypes.end(), type) - kTypes.begin();
  std::string input(1, static_cast<char>(at | (with_callee ? 0x80 : 0)));
  return input + body.str();
}

}  // namespace

/// The first byte is the type, and whether somebody resolved the callee.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const EntryType type = kTypes[(data[0] & 0x7f) % kTypes.size()];
  const Bytes body = Bytes::copy(data + 1, size - 1);
  round_trip(type, body);
  apply(type, body, (data[0] & 0x80) != 0);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  const wire::Failure failure{409, "bad", {{"k", "v"}}};
  const wire::CallRequest call{"S", "h", "k", Bytes("p"), {{"a", "b"}}, "ik", "s", "l"};
  std::vector<std::string> seeds;
  const auto add = [&](EntryType type, const wire::EntryContent& content, bool with_callee = false) {
    seeds.push_back(seed(type, wire::encode_entry(type, content, "name"), with_callee));
  };
  const auto answer = [&](EntryType type, wire::NotificationResult result) {
    add(type, wire::Notification{type, wire::CompletionId{1}, std::move(result)});
  };
  add(EntryType::kInput, wire::InputEntry{{{"a", "b"}}, Bytes("x")});
  add(EntryType::kOutput, wire::OutputEntry{Bytes("x")});
  add(EntryType::kOutput, wire::OutputEntry{failure});
  add(EntryType::kGetLazyState, wire::GetLazyStateEntry{Bytes("k"), {1}});
  add(EntryType::kSetState, wire::SetStateEntry{Bytes("k"), Bytes("v")});
  add(EntryType::kClearState, wire::ClearStateEntry{Bytes("k")});
  add(EntryType::kClearAllState, wire::ClearAllStateEntry{});
  add(EntryType::kGetLazyStateKeys, wire::GetLazyStateKeysEntry{{1}});
  add(EntryType::kGetEagerState, wire::GetEagerStateEntry{Bytes("k"), Bytes("v")});
  add(EntryType::kGetEagerStateKeys, wire::GetEagerStateKeysEntry{{{Bytes("a"), Bytes("b")}}});
  add(EntryType::kGetPromise, wire::GetPromiseEntry{"p", {1}});
  add(EntryType::kPeekPromise, wire::PeekPromiseEntry{"p", {1}});
  add(EntryType::kCompletePromise, wire::CompletePromiseEntry{"p", failure, {1}});
  add(EntryType::kSleep, wire::SleepEntry{{12345}, {1}});
  add(EntryType::kCall, wire::CallEntry{call, {1}, {2}}, true);
  add(EntryType::kCall, wire::CallEntry{call, {1}, {1}}, true);
  add(EntryType::kOneWayCall, wire::OneWayCallEntry{call, {12345}, {1}}, true);
  const std::string target = testing::make_id(3).str();
  add(EntryType::kSendSignal, wire::SendSignalEntry{target, wire::SignalName{"n"}, Bytes("v")});
  add(EntryType::kSendSignal, wire::SendSignalEntry{target, wire::SignalIndex{17}, failure});
  add(EntryType::kRun, wire::RunEntry{{1}});
  add(EntryType::kAttachInvocation, wire::AttachInvocationEntry{target, {1}});
  add(EntryType::kAttachInvocation,
      wire::AttachInvocationEntry{wire::IdempotentRef{"S", "h", "ik", "k", "s"}, {3}});
  add(EntryType::kGetInvocationOutput,
      wire::GetInvocationOutputEntry{wire::WorkflowRef{"W", "k", "s"}, {1}});
  add(EntryType::kCompleteAwakeable,
      wire::CompleteAwakeableEntry{AwakeableId{testing::make_id(1), 17}.str(), failure});
  answer(EntryType::kRunCompletion, Bytes("v"));
  answer(EntryType::kRunCompletion, failure);
  answer(EntryType::kSleepCompletion, wire::Void{});
  answer(EntryType::kCallCompletion, Bytes("v"));
  answer(EntryType::kCallInvocationIdCompletion, testing::make_id(4));
  answer(EntryType::kGetLazyStateKeysCompletion, wire::StateKeys{{Bytes("a"), Bytes("b")}});
  add(EntryType::kSignalNotification,
      wire::Notification{EntryType::kSignalNotification, wire::SignalName{"n"}, failure});
  return seeds;
}
