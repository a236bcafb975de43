#include "wire/codec.h"

#include "wire/flat.h"
#include "wire/record_head.h"

namespace restate::wire {
namespace {

template <class Number>
bool take(const Bytes& bytes, std::size_t& at, Number& number) {
  if (bytes.size() < at + sizeof(Number)) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes.data()[at + i])) << (8 * i);
  }
  number = static_cast<Number>(value);
  at += sizeof(Number);
  return true;
}

bool take_dedup(const Bytes& bytes, std::size_t& at, std::uint8_t kind, Dedup& dedup) {
  switch (kind) {
    case 0:
      dedup = NoDedup{};
      return true;
    case 1: {
      SelfDedup self;
      if (!take(bytes, at, self.epoch.value) || !take(bytes, at, self.sequence)) return false;
      dedup = self;
      return true;
    }
    case 2: {
      PartitionDedup partition;
      if (!take(bytes, at, partition.from.value) || !take(bytes, at, partition.sequence)) return false;
      dedup = partition;
      return true;
    }
    case 3: {
      ProducerDedup producer;
      if (bytes.size() < at + 16) return false;
      producer.producer = Uuid::from(bytes.view().substr(at, 16));
      at += 16;
      if (!take(bytes, at, producer.sequence)) return false;
      dedup = producer;
      return true;
    }
    default:
      return false;
  }
}

std::optional<RequestId> request_of(const fb::Operation& table) {
  if (table.request() == nullptr) return {};
  return RequestId{unflat(table.request())};
}

Command read(FlatReader&, const fb::AnnounceLeader& t) {
  AnnounceLeader c{{{t.node()}, t.generation()}, {t.epoch()}};
  if (t.first_key() && t.last_key()) c.keys = KeyRange{*t.first_key(), *t.last_key()};
  c.epoch_metadata_version = t.epoch_metadata_version();
  return c;
}
Command read(FlatReader&, const fb::VersionBarrier& t) {
  VersionBarrier c{unpack(t.min_version()), unpack(t.reason()), {}};
  if (t.features() != nullptr) c.features.assign(t.features()->begin(), t.features()->end());
  return c;
}
Command read(FlatReader&, const fb::UpdateDurability& t) {
  UpdateDurability c{t.durable_lsn(), {t.at()}};
  if (t.partition()) c.partition = PartitionId{*t.partition()};
  return c;
}
Command read(FlatReader& in, const fb::PatchState& t) {
  PatchState c{unpack(in, t.target()), {t.key()}, unpack_optional(t.expected_version()), {}};
  if (t.state() != nullptr) {
    for (const fb::StateEntry* entry : *t.state()) {
      c.state[unpack(entry->key())] = in.payload(entry->value_extent());
    }
  }
  return c;
}
Command read_terminate(FlatReader& in, const fb::Operation& t) {
  if (t.flavor() > 1) in.damage();
  return Terminate{unflat(t.invocation()), static_cast<Terminate::Flavor>(t.flavor()),
                   {t.incarnation()}, request_of(t)};
}
Command read_purge(FlatReader&, const fb::Operation& t) {
  return Purge{unflat(t.invocation()), {t.incarnation()}, request_of(t)};
}
Command read_purge_journal(FlatReader&, const fb::Operation& t) {
  return PurgeJournal{unflat(t.invocation()), {t.incarnation()}, request_of(t)};
}
Command read(FlatReader& in, const fb::Invoke& t) { return Invoke{unpack(in, t.invocation())}; }
Command read(FlatReader&, const fb::TruncateOutbox& t) { return TruncateOutbox{t.index()}; }
Command read(FlatReader& in, const fb::Attach& t) {
  return Attach{unflat(t.invocation()), t.block(), unpack(in, t.sink())};
}
Command read_resume(FlatReader&, const fb::Operation& t) {
  Resume c{unflat(t.invocation()), {}, request_of(t)};
  if (t.deployment() != nullptr) {
    c.deployment = PinnedDeployment{{unflat(t.deployment())}, t.protocol()};
  }
  return c;
}
Command read_restart(FlatReader&, const fb::Operation& t) {
  RestartAsNew c{unflat(t.invocation()), unflat(t.new_invocation()), t.copy_up_to(), {},
                 request_of(t)};
  if (t.deployment() != nullptr) c.deployment = DeploymentId{unflat(t.deployment())};
  return c;
}
Command read_pause(FlatReader&, const fb::Operation& t) {
  return Pause{unflat(t.invocation()), request_of(t)};
}
Command read(FlatReader&, const fb::TimerFired& t) {
  TimerFired c;
  c.key = {{t.at()}, static_cast<TimerKind>(t.kind()), unflat(t.invocation()), t.completion()};
  c.incarnation = {t.incarnation()};
  return c;
}
Command read(FlatReader& in, const fb::InvocationResponse& t) {
  return InvocationResponse{unflat(t.caller()), {t.incarnation()}, t.completion(),
                            unpack(in, t.outcome())};
}
Command read(FlatReader& in, const fb::NotifySignal& t) {
  NotifySignal c;
  c.invocation = unflat(t.invocation());
  const NotificationId id = unpack(in, t.signal());
  if (const auto* index = std::get_if<SignalIndex>(&id)) {
    c.signal = *index;
  } else if (const auto* name = std::get_if<SignalName>(&id)) {
    c.signal = *name;
  } else {
    in.damage();
  }
  c.result = unpack(in, t.outcome());
  return c;
}
Command read(FlatReader& in, const fb::UpsertSchema& t) {
  return UpsertSchema{t.version(), in.payload(t.schema_extent())};
}
Command read(FlatReader& in, const fb::UpsertRuleBook& t) {
  return UpsertRuleBook{t.version(), in.payload(t.book_extent())};
}

std::vector<QueuePlace> read_places(const flatbuffers::Vector<const fb::Place*>* packed) {
  std::vector<QueuePlace> places;
  if (packed == nullptr) return places;
  places.reserve(packed->size());
  for (const fb::Place* place : *packed) {
    places.push_back({unflat(&place->invocation()), unflat(&place->queue()),
                      {place->fresh(), {place->run_at()}, place->sequence()}});
  }
  return places;
}
Command read(FlatReader&, const fb::QueueDecisions& t) {
  return QueueDecisions{read_places(t.runs()), read_places(t.yields())};
}
Command read(FlatReader&, const fb::PauseQueue& t) {
  const InvocationId queue = unflat(t.queue());
  return PauseQueue{{queue.key, queue.uuid}, t.paused()};
}

NewEntry read_entry(FlatReader& in, const fb::InvokerEffect& t) {
  if (!is_known_entry(t.entry_type())) in.damage();
  NewEntry entry;
  entry.type = static_cast<EntryType>(t.entry_type());
  entry.body = in.payload(t.body_extent());
  if (t.call() != nullptr) entry.call = unpack(in, t.call());
  if (t.command_to_ack()) entry.command_to_ack = *t.command_to_ack();
  entry.ack_requested = t.ack_requested();
  return entry;
}

Yielded read_yielded(FlatReader& in, const fb::InvokerEffect& t) {
  Yielded yielded{unpack(t.reason())};
  // A reason that only newer versions know is a reason all the same.
  if (t.yield_kind() <= static_cast<std::uint8_t>(Yielded::Kind::kLoadShedding)) {
    yielded.kind = static_cast<Yielded::Kind>(t.yield_kind());
  }
  if (t.event() != nullptr) yielded.event = unpack(in, t.event());
  if (t.resume_at()) yielded.resume_at = WallTime{*t.resume_at()};
  yielded.retry = {t.attempts(), t.failed(), t.retries(), t.refused()};
  return yielded;
}

Effect read_effect(FlatReader& in, const fb::InvokerEffect& t) {
  switch (t.effect()) {
    case 1: return Pinned{unpack(in, t.pinned())};
    case 2: return read_entry(in, t);
    case 3: return NewEvent{unpack(in, t.event())};
    case 4: return Suspended{unpack(in, t.awaiting()), t.delivered()};
    case 5: {
      Paused paused;
      if (t.event() != nullptr) paused.event = unpack(in, t.event());
      return paused;
    }
    case 6: return read_yielded(in, t);
    case 7: return Ended{};
    case 8: return Failed{unpack(in, t.failure())};
    default: in.damage(); return Ended{};
  }
}

Command read(FlatReader& in, const fb::InvokerEffect& t) {
  return InvokerEffect{unflat(t.invocation()), read_effect(in, t), {t.incarnation()}};
}

/// Opens the flatbuffer at `offset` as a `Table` and lets `reader` make a command of it.
template <class Table>
Result<Command> open(const Bytes& bytes, std::size_t offset,
                     Command (*reader)(FlatReader&, const Table&) = &read) {
  FlatReader in;
  RESTATE_TRY(const Table* table, in.open<Table>(bytes, offset));
  Command command = reader(in, *table);
  if (in.damaged()) return Error{Code::kCorrupt, "a record holds an impossible value"};
  return command;
}

Result<Command> decode_command(std::uint8_t number, const Bytes& bytes, std::size_t at) {
  // The numbers of the log: positions in `Command`, counted from 1.
  switch (number) {
    case 1: return open<fb::AnnounceLeader>(bytes, at);
    case 2: return open<fb::VersionBarrier>(bytes, at);
    case 3: return open<fb::UpdateDurability>(bytes, at);
    case 4: return open<fb::PatchState>(bytes, at);
    case 5: return open<fb::Operation>(bytes, at, &read_terminate);
    case 6: return open<fb::Operation>(bytes, at, &read_purge);
    case 7: return open<fb::Operation>(bytes, at, &read_purge_journal);
    case 8: return open<fb::Invoke>(bytes, at);
    case 9: return open<fb::TruncateOutbox>(bytes, at);
    case 10: return open<fb::Attach>(bytes, at);
    case 11: return open<fb::Operation>(bytes, at, &read_resume);
    case 12: return open<fb::Operation>(bytes, at, &read_restart);
    case 13: return open<fb::InvokerEffect>(bytes, at);
    case 14: return open<fb::TimerFired>(bytes, at);
    case 15: return open<fb::InvocationResponse>(bytes, at);
    case 16: return open<fb::NotifySignal>(bytes, at);
    case 17: return open<fb::UpsertSchema>(bytes, at);
    case 18: return open<fb::Operation>(bytes, at, &read_pause);
    case 19: return open<fb::UpsertRuleBook>(bytes, at);
    case 20: return open<fb::QueueDecisions>(bytes, at);
    case 21: return open<fb::PauseQueue>(bytes, at);
    default:
      return Error{Code::kUnsupported, "a record has command " + std::to_string(number) +
                                           ", which this version does not know"};
  }
}

}  // namespace

Result<Envelope> decode(const Bytes& bytes) {
  if (bytes.size() < 3) return Error{Code::kCorrupt, "a record is cut short"};
  const auto version = static_cast<std::uint8_t>(bytes.data()[0]);
  const auto number = static_cast<std::uint8_t>(bytes.data()[1]);
  if (version == 0) return Error{Code::kCorrupt, "a record has no version"};
  if (version > kRecordVersion) {
    return Error{Code::kUnsupported,
                 "a record has format " + std::to_string(version) + ", written by a newer version"};
  }
  Envelope envelope;
  std::size_t at = 3;
  if (!take_dedup(bytes, at, static_cast<std::uint8_t>(bytes.data()[2]), envelope.dedup)) {
    return Error{Code::kCorrupt, "a record's head is damaged"};
  }
  if (number == 0) return Error{Code::kCorrupt, "a record has no command"};
  RESTATE_TRY(envelope.command, decode_command(number, bytes, at));
  return envelope;
}

Result<OutboxMessage> decode_outbox(const Bytes& bytes) {
  RESTATE_TRY(Envelope envelope, decode(bytes));
  return std::visit(
      [](auto&& command) -> Result<OutboxMessage> {
        using Message = std::decay_t<decltype(command)>;
        if constexpr (std::is_constructible_v<OutboxMessage, Message>) {
          return OutboxMessage(std::forward<decltype(command)>(command));
        } else {
          return Error{Code::kCorrupt, "a row of the outbox holds no message"};
        }
      },
      std::move(envelope.command));
}

}  // namespace restate::wire
