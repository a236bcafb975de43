#include "workload.h"

#include <utility>

namespace restate::testing {

using wire::EntryType;

std::uint64_t Workload::below(std::uint64_t limit) {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return limit == 0 ? 0 : (z ^ z >> 31) % limit;
}

WallTime Workload::next_time() {
  if (chance(5)) return {time_ - below(3000)};
  time_ += below(50);
  return {time_};
}

// --- Pieces
// ---------------------------------------------------------------------------------------

InvocationId Workload::id() {
  return make_id(static_cast<std::uint8_t>(1 + below(14)), 7 + below(2));
}

InvocationId Workload::running(const TestPartition& partition) {
  std::vector<InvocationId> found;
  partition.tables()
      .scan_invocations(
          {},
          [&](const InvocationId& at, const partition::StatusHeader& header, std::string_view) {
            if (header.status == partition::Status::kInvoked) found.push_back(at);
            return true;
          })
      .value();
  if (found.empty() || chance(5)) return id();
  return found[below(found.size())];
}

std::string Workload::text() {
  static const std::string kTexts[] = {"",           "a",
                                       "b",          std::string("\0", 1),
                                       "\xff",       "key",
                                       "\xc3\x28",   std::string("a\0b", 3),
                                       "\"quoted\"", std::string(300, 'x')};
  return kTexts[below(std::size(kTexts))];
}

wire::InvocationTarget Workload::target() {
  wire::InvocationTarget made = unscoped();
  if (vqueues_ && chance(50)) made.scope = chance(80) ? "s" : text();
  return made;
}

wire::InvocationTarget Workload::unscoped() {
  switch (below(6)) {
    case 0:
      return service();
    case 1:
      return workflow(text(), true);
    case 2:
      return workflow(text(), false);
    case 3:
      return object(text(), false);
    default:
      return object(chance(50) ? "k" : text(), true);
  }
}

wire::NotificationId Workload::notification() {
  switch (below(4)) {
    case 0:
      return wire::SignalIndex{static_cast<std::uint32_t>(1 + below(3))};
    case 1:
      return wire::SignalIndex{static_cast<std::uint32_t>(17 + below(3))};
    case 2:
      return wire::SignalName{chance(50) ? "a" : "b"};
    default:
      return completion();
  }
}

std::variant<wire::Void, Bytes, wire::Failure> Workload::result() {
  switch (below(3)) {
    case 0:
      return wire::Void{};
    case 1:
      return bytes();
    default:
      return failure();
  }
}

wire::InvocationResult Workload::output() {
  if (chance(70)) return bytes();
  return failure();
}

std::optional<RequestId> Workload::request() {
  if (chance(40)) return std::nullopt;
  return make_request(static_cast<std::uint8_t>(below(9)));
}

wire::ResponseSink Workload::sink() {
  if (chance(50)) return wire::IngressSink{make_request(static_cast<std::uint8_t>(below(9)))};
  return wire::InvocationSink{id(), {}, completion().value};
}

wire::Incarnation Workload::incarnation(const TestPartition& partition, const InvocationId& at) {
  if (chance(30)) return {};
  if (chance(10)) return {below(1000)};
  const auto status = partition.status(at);
  return status ? status->incarnation : wire::Incarnation{};
}

wire::AwaitTree Workload::tree(int depth) {
  wire::AwaitTree made;
  made.combinator = static_cast<wire::Combinator>(below(5));
  for (std::uint64_t i = below(4); i > 0; --i) made.leaves.push_back(notification());
  if (depth < 3) {
    for (std::uint64_t i = below(3); i > 0; --i) made.nested.push_back(tree(depth + 1));
  }
  return made;
}

// --- Commands
// -------------------------------------------------------------------------------------

Record Workload::next(const TestPartition& partition) {
  if (vqueues_ && !std::exchange(switched_on_, true)) {
    return {wire::VersionBarrier{"0.1.0", "", {partition::Features::kVqueues}}, {}};
  }
  if (chance(2)) {
    ++epoch_;
    sequence_ = 0;
    return {wire::AnnounceLeader{{NodeId{1}, 1}, LeaderEpoch{epoch_}},
            wire::SelfDedup{LeaderEpoch{epoch_}, 0}};
  }
  if (chance(15)) {
    // The next message of the outbox, or one that was sent before.
    std::optional<Record> found;
    const std::uint64_t from = chance(80) ? delivered_ : below(delivered_ + 1);
    partition.tables()
        .scan_outbox(from,
                     [&](std::uint64_t at, wire::OutboxMessage&& message) {
                       const wire::PartitionDedup dedup{partition.id(), at};
                       std::visit(
                           [&](auto&& m) {
                             found = Record{wire::Command(std::move(m)), dedup};
                           },
                           message);
                       if (at >= delivered_) delivered_ = at + 1;
                       return false;
                     })
        .value();
    if (found) return *std::move(found);
  }
  Record record{command(partition), {}};
  if (chance(30)) {
    record.dedup = wire::SelfDedup{LeaderEpoch{chance(95) ? epoch_ : epoch_ - 1}, ++sequence_};
  } else if (chance(10)) {
    record.dedup = wire::ProducerDedup{make_request(1).uuid, below(50)};
  }
  return record;
}

// Mostly what a scheduler would decide, and what it decided once.
wire::Command Workload::queues(const TestPartition& partition) {
  wire::QueueDecisions decisions;
  const auto some = [&](std::string_view tag, std::vector<wire::QueuePlace>& places) {
    partition.tables()
        .scan_queue_places(tag, {},
                           [&](const wire::QueuePlace& place) {
                             if (chance(60)) places.push_back(place);
                             if (chance(5)) ++places.emplace_back(place).at.sequence;
                             return places.size() < 6;
                           })
        .value();
  };
  some(partition::keys::kQueueInbox, decisions.runs);
  if (chance(10)) some(partition::keys::kQueueRunning, decisions.yields);
  if (chance(10)) decisions.runs.push_back({id(), {}, {}});
  if (chance(10) && !decisions.runs.empty()) {
    return wire::PauseQueue{decisions.runs.front().id(), chance(40)};
  }
  return decisions;
}

wire::Command Workload::command(const TestPartition& partition) {
  if (vqueues_ && chance(25)) return queues(partition);
  const std::uint64_t kind = below(100);
  if (kind < 20) return invoke();
  if (kind < 60) return effect(partition);
  if (kind < 68) return timer(partition);
  if (kind < 76) {
    const auto signal = notification();
    wire::NotifySignal made{id(), wire::SignalIndex{17}, result()};
    if (const auto* index = std::get_if<wire::SignalIndex>(&signal)) made.signal = *index;
    if (const auto* name = std::get_if<wire::SignalName>(&signal)) made.signal = *name;
    return made;
  }
  if (kind < 82) {
    const InvocationId caller = running(partition);
    return wire::InvocationResponse{caller, incarnation(partition, caller), completion().value,
                                    result()};
  }
  if (kind < 84) return wire::TruncateOutbox{below(delivered_ + 1)};
  if (kind < 88) {
    wire::PatchState patch;
    patch.target = target();
    patch.key = id().key;
    if (chance(20)) patch.expected_version = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    for (std::uint64_t i = below(3); i > 0; --i) patch.state[text()] = bytes();
    return patch;
  }
  return operation();
}

wire::Invoke Workload::invoke() {
  InvokeOptions options;
  options.reply = request();
  options.submit = request();
  if (chance(15)) options.at = WallTime{time_ + below(200)};
  if (chance(50)) {
    options.retention.completion_ms = chance(10) ? UINT64_MAX : below(500);
    options.retention.journal_ms = below(options.retention.completion_ms + 1);
  }
  if (chance(20)) options.idempotency_key = text();
  options.argument = bytes();
  auto made = testing::invoke(id(), target(), options);
  if (made.invocation.target.scope && chance(50)) made.invocation.limit_key = chance(50) ? "a" : "a/b";
  if (chance(20)) made.invocation.response_sink = sink();
  return made;
}

wire::InvokerEffect Workload::effect(const TestPartition& partition) {
  const InvocationId to = running(partition);
  const std::uint64_t kind = below(100);
  if (kind < 6) {
    return {to, wire::Pinned{{make_deployment(static_cast<std::uint8_t>(below(3))),
                              static_cast<std::uint16_t>(5 + below(3))}}};
  }
  if (kind < 65) return {to, entry()};
  if (kind < 78) {
    wire::Suspended suspended{tree(0), static_cast<std::uint32_t>(below(8))};
    return {to, std::move(suspended)};
  }
  if (kind < 81) return {to, wire::NewEvent{{wire::JournalEvent::Type::kTransientError, "{}"}}};
  if (kind < 84)
    return {to, wire::Paused{wire::JournalEvent{wire::JournalEvent::Type::kPaused, "{}"}}};
  if (kind < 86) {
    wire::Yielded yielded{"memory"};
    if (chance(50)) yielded.resume_at = WallTime{time_ + below(100)};
    if (chance(50)) yielded.event = {wire::JournalEvent::Type::kTransientError, "{}"};
    return {to, std::move(yielded)};
  }
  if (kind < 97) return ended(to);
  return {to, wire::Failed{failure()}};
}

wire::Effect Workload::entry() {
  static constexpr EntryType kTypes[] = {EntryType::kOutput,
                                         EntryType::kGetLazyState,
                                         EntryType::kSetState,
                                         EntryType::kClearState,
                                         EntryType::kClearAllState,
                                         EntryType::kGetLazyStateKeys,
                                         EntryType::kGetEagerState,
                                         EntryType::kGetPromise,
                                         EntryType::kPeekPromise,
                                         EntryType::kCompletePromise,
                                         EntryType::kSleep,
                                         EntryType::kCall,
                                         EntryType::kOneWayCall,
                                         EntryType::kSendSignal,
                                         EntryType::kRun,
                                         EntryType::kAttachInvocation,
                                         EntryType::kGetInvocationOutput,
                                         EntryType::kCompleteAwakeable,
                                         EntryType::kRunCompletion,
                                         EntryType::kRunCompletion};
  wire::NewEntry made;
  made.type = kTypes[below(std::size(kTypes))];
  made.body = wire::encode_entry(made.type, content(made.type));
  if (made.type == EntryType::kCall || made.type == EntryType::kOneWayCall) {
    wire::CallInfo call;
    call.callee = id();
    call.target = target();
    if (chance(97)) made.call = std::move(call);
  }
  if (chance(70)) made.command_to_ack = static_cast<std::uint32_t>(below(20));
  if (chance(1)) made.body = bytes();
  if (chance(1)) made.type = EntryType::kInput;
  if (chance(1)) made.type = EntryType::kSleepCompletion;
  if (chance(1)) made.type = EntryType::kSignalNotification;
  return made;
}

wire::EntryContent Workload::content(EntryType type) {
  wire::InvocationRef reference = chance(80) ? id().str() : text();
  switch (type) {
    case EntryType::kOutput:
      return wire::OutputEntry{output()};
    case EntryType::kGetLazyState:
      return wire::GetLazyStateEntry{bytes(), completion()};
    case EntryType::kSetState:
      return wire::SetStateEntry{bytes(), bytes()};
    case EntryType::kClearState:
      return wire::ClearStateEntry{bytes()};
    case EntryType::kClearAllState:
      return wire::ClearAllStateEntry{};
    case EntryType::kGetLazyStateKeys:
      return wire::GetLazyStateKeysEntry{completion()};
    case EntryType::kGetEagerState:
      return wire::GetEagerStateEntry{bytes(), bytes()};
    case EntryType::kGetPromise:
      return wire::GetPromiseEntry{"p", completion()};
    case EntryType::kPeekPromise:
      return wire::PeekPromiseEntry{"p", completion()};
    case EntryType::kCompletePromise:
      return wire::CompletePromiseEntry{"p", output(), completion()};
    case EntryType::kSleep:
      return wire::SleepEntry{{chance(5) ? UINT64_MAX : time_ + below(300)}, completion()};
    case EntryType::kCall:
      return wire::CallEntry{{}, completion(), completion()};
    case EntryType::kOneWayCall:
      return wire::OneWayCallEntry{{}, {chance(50) ? 0 : time_ + below(100)}, completion()};
    case EntryType::kSendSignal:
      return wire::SendSignalEntry{chance(80) ? id().str() : text(),
                                   wire::SignalIndex{static_cast<std::uint32_t>(below(20))},
                                   result()};
    case EntryType::kRun:
      return wire::RunEntry{completion()};
    case EntryType::kAttachInvocation:
      return wire::AttachInvocationEntry{std::move(reference), completion()};
    case EntryType::kGetInvocationOutput:
      return wire::GetInvocationOutputEntry{std::move(reference), completion()};
    case EntryType::kCompleteAwakeable:
      return wire::CompleteAwakeableEntry{
          chance(80) ? AwakeableId{id(), static_cast<std::uint32_t>(17 + below(3))}.str() : text(),
          output()};
    default: {
      wire::NotificationResult run = bytes();
      if (chance(30)) run = failure();
      return wire::Notification{EntryType::kRunCompletion, completion(), std::move(run)};
    }
  }
}

wire::Command Workload::timer(const TestPartition& partition) {
  std::vector<partition::TimerRow> due;
  partition.tables()
      .scan_timers({},
                   [&](partition::TimerRow&& row) {
                     due.push_back(row);
                     return due.size() < 5;
                   })
      .value();
  if (!due.empty() && chance(95)) {
    const auto& row = due[below(due.size())];
    return wire::TimerFired{row.key, chance(90) ? row.incarnation : wire::Incarnation{1}};
  }
  wire::TimerKey key{{time_}, wire::TimerKind::kCompleteSleep, id(), completion().value};
  if (chance(50)) key.kind = wire::TimerKind::kStartScheduled;
  return wire::TimerFired{key, {}};
}

wire::Command Workload::operation() {
  const InvocationId to = id();
  switch (below(12)) {
    case 0:
      return wire::Terminate{to, wire::Terminate::Flavor::kKill, {}, request()};
    case 1:
    case 2:
      return wire::Terminate{to, wire::Terminate::Flavor::kCancel, {}, request()};
    case 3:
      return wire::Purge{to, {chance(20) ? below(1000) : 0}, request()};
    case 4:
      return wire::PurgeJournal{to, {}, request()};
    case 5:
    case 6:
      return wire::Attach{to, chance(50), sink()};
    case 7: {
      wire::Resume resume{to, std::nullopt, request()};
      if (chance(30)) resume.deployment = wire::PinnedDeployment{make_deployment(9), 6};
      return resume;
    }
    case 8:
      return wire::Pause{to, request()};
    case 9:
    case 10: {
      wire::RestartAsNew restart{to, id(), static_cast<std::uint32_t>(below(6)), std::nullopt,
                                 request()};
      restart.new_invocation.key = to.key;
      return restart;
    }
    default:
      if (chance(30)) return wire::UpsertSchema{below(5), bytes()};
      if (chance(20)) return wire::UpsertRuleBook{below(5), bytes()};
      if (chance(30)) return wire::VersionBarrier{"0.1.0", "test", {3}};
      return wire::UpdateDurability{below(100), {time_}};
  }
}

}  // namespace restate::testing
