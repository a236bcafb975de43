#include "wire/codec.h"

#include "wire/flat.h"

#include <restate/assert.h>

// 0        1         2       3
// +--------+---------+-------+--------------+-----------+------------+----------+
// | version| command | dedup | dedup fields | size u32  | flatbuffer | payloads |
// +--------+---------+-------+--------------+-----------+------------+----------+
// The head tells what a record is without reading the rest. docs/formats/records.md has the table.

namespace restate::wire {
namespace {

constexpr std::uint8_t kVersion = 1;

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
  }
}

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

std::string head(std::size_t command_index, const Dedup& dedup) {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(command_index + 1));
  out.push_back(static_cast<char>(dedup.index()));
  std::visit(Overloaded{
                 [](const NoDedup&) {},
                 [&](const SelfDedup& d) {
                   put(out, d.epoch.value);
                   put(out, d.sequence);
                 },
                 [&](const PartitionDedup& d) {
                   put(out, d.from.value);
                   put(out, d.sequence);
                 },
                 [&](const ProducerDedup& d) {
                   out.append(d.producer.view());
                   put(out, d.sequence);
                 },
             },
             dedup);
  return out;
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

// --- Encoding ---------------------------------------------------------------------------------------

flatbuffers::Offset<fb::Operation> pack_operation(FlatWriter& out, const InvocationId& invocation,
                                                  Incarnation incarnation,
                                                  const std::optional<RequestId>& request) {
  const fb::Id id = flat(invocation);
  fb::Uuid uuid;
  if (request) uuid = flat(request->uuid);
  return fb::CreateOperation(out.builder(), &id, incarnation.lsn, request ? &uuid : nullptr);
}

/// One overload per command; each returns the finished record.
struct CommandEncoder {
  FlatWriter& out;
  std::string_view prefix;

  template <class Table>
  Bytes finish(flatbuffers::Offset<Table> root) {
    return out.finish(prefix, root);
  }

  Bytes operator()(const AnnounceLeader& c) {
    return finish(fb::CreateAnnounceLeader(out.builder(), c.node.node.value, c.node.generation,
                                           c.epoch.value));
  }
  Bytes operator()(const VersionBarrier& c) {
    const auto version = out.text(c.min_version);
    const auto reason = out.text(c.reason);
    const auto features = out.builder().CreateVector(c.features);
    return finish(fb::CreateVersionBarrier(out.builder(), version, reason, features));
  }
  Bytes operator()(const UpdateDurability& c) {
    return finish(fb::CreateUpdateDurability(out.builder(), c.durable_lsn, c.at.ms));
  }
  Bytes operator()(const PatchState& c) {
    std::vector<flatbuffers::Offset<fb::StateEntry>> entries;
    entries.reserve(c.state.size());
    for (const auto& [key, value] : c.state) {
      const auto packed = out.text(key);
      entries.push_back(fb::CreateStateEntry(out.builder(), packed, out.extent(value)));
    }
    const auto state = out.builder().CreateVector(entries);
    const auto target = pack(out, c.target);
    const auto version = out.optional_text(c.expected_version);
    return finish(fb::CreatePatchState(out.builder(), target, c.key.value, version, state));
  }
  Bytes operator()(const Terminate& c) {
    const fb::Id id = flat(c.invocation);
    fb::Uuid request;
    if (c.request) request = flat(c.request->uuid);
    return finish(fb::CreateOperation(out.builder(), &id, c.incarnation.lsn,
                                      c.request ? &request : nullptr,
                                      static_cast<std::uint8_t>(c.flavor)));
  }
  Bytes operator()(const Purge& c) {
    return finish(pack_operation(out, c.invocation, c.incarnation, c.request));
  }
  Bytes operator()(const PurgeJournal& c) {
    return finish(pack_operation(out, c.invocation, c.incarnation, c.request));
  }
  Bytes operator()(const Invoke& c) {
    const auto invocation = pack(out, c.invocation);
    return finish(fb::CreateInvoke(out.builder(), invocation));
  }
  Bytes operator()(const TruncateOutbox& c) {
    return finish(fb::CreateTruncateOutbox(out.builder(), c.index));
  }
  Bytes operator()(const Attach& c) {
    const auto sink = pack(out, c.sink);
    const fb::Id id = flat(c.invocation);
    return finish(fb::CreateAttach(out.builder(), &id, c.block, sink));
  }
  Bytes operator()(const Resume& c) {
    const fb::Id id = flat(c.invocation);
    fb::Uuid request;
    fb::Uuid deployment;
    if (c.request) request = flat(c.request->uuid);
    if (c.deployment) deployment = flat(c.deployment->id.ulid);
    return finish(fb::CreateOperation(out.builder(), &id, 0, c.request ? &request : nullptr, 0,
                                      c.deployment ? &deployment : nullptr,
                                      c.deployment ? c.deployment->protocol : std::uint16_t{0}));
  }
  Bytes operator()(const RestartAsNew& c) {
    const fb::Id id = flat(c.invocation);
    const fb::Id new_id = flat(c.new_invocation);
    fb::Uuid request;
    fb::Uuid deployment;
    if (c.request) request = flat(c.request->uuid);
    if (c.deployment) deployment = flat(c.deployment->ulid);
    return finish(fb::CreateOperation(out.builder(), &id, 0, c.request ? &request : nullptr, 0,
                                      c.deployment ? &deployment : nullptr, 0, &new_id,
                                      c.copy_up_to));
  }
  Bytes operator()(const InvokerEffect& c);
  Bytes operator()(const TimerFired& c) {
    const fb::Id id = flat(c.key.invocation);
    return finish(fb::CreateTimerFired(out.builder(), c.key.at.ms,
                                       static_cast<std::uint8_t>(c.key.kind), &id, c.key.completion,
                                       c.incarnation.lsn));
  }
  Bytes operator()(const InvocationResponse& c) {
    const auto outcome = pack(out, c.result);
    const fb::Id caller = flat(c.caller);
    return finish(fb::CreateInvocationResponse(out.builder(), &caller, c.incarnation.lsn,
                                               c.completion, outcome));
  }
  Bytes operator()(const NotifySignal& c) {
    const auto outcome = pack(out, c.result);
    const auto signal = std::visit([&](const auto& s) { return pack(out, NotificationId(s)); },
                                   c.signal);
    const fb::Id id = flat(c.invocation);
    return finish(fb::CreateNotifySignal(out.builder(), &id, signal, outcome));
  }
  Bytes operator()(const UpsertSchema& c) {
    return finish(fb::CreateUpsertSchema(out.builder(), c.version, out.extent(c.schema)));
  }
  Bytes operator()(const Pause& c) {
    return finish(pack_operation(out, c.invocation, {}, c.request));
  }
};

Bytes CommandEncoder::operator()(const InvokerEffect& c) {
  const fb::Id id = flat(c.invocation);
  // Strings and tables must stand before the table that points to them, so each effect leaves a
  // function that adds its fields.
  const auto build = [&](auto add) {
    fb::InvokerEffectBuilder table(out.builder());
    table.add_invocation(&id);
    table.add_effect(static_cast<std::uint8_t>(c.effect.index() + 1));
    add(table);
    return finish(table.Finish());
  };
  return std::visit(
      Overloaded{
          [&](const Pinned& e) {
            const auto pinned = pack(out, e.deployment);
            return build([&](auto& table) { table.add_pinned(pinned); });
          },
          [&](const NewEntry& e) {
            const std::uint64_t body = out.extent(e.body);
            const auto call = e.call ? pack(out, *e.call) : 0;
            return build([&](auto& table) {
              table.add_body_extent(body);
              table.add_call(call);
              if (e.command_to_ack) table.add_command_to_ack(*e.command_to_ack);
              table.add_entry_type(static_cast<std::uint16_t>(e.type));
              table.add_ack_requested(e.ack_requested);
            });
          },
          [&](const NewEvent& e) {
            const auto event = pack(out, e.event);
            return build([&](auto& table) { table.add_event(event); });
          },
          [&](const Suspended& e) {
            const auto awaiting = pack(out, e.awaiting);
            return build([&](auto& table) {
              table.add_awaiting(awaiting);
              table.add_delivered(e.delivered);
            });
          },
          [&](const Paused& e) {
            const auto event = e.event ? pack(out, *e.event) : 0;
            return build([&](auto& table) { table.add_event(event); });
          },
          [&](const Yielded& e) {
            const auto reason = out.text(e.reason);
            return build([&](auto& table) { table.add_reason(reason); });
          },
          [&](const Ended&) { return build([](auto&) {}); },
          [&](const Failed& e) {
            const auto failure = pack(out, e.failure);
            return build([&](auto& table) { table.add_failure(failure); });
          },
      },
      c.effect);
}

// --- Decoding ---------------------------------------------------------------------------------------

std::optional<RequestId> request_of(const fb::Operation& table) {
  if (table.request() == nullptr) return {};
  return RequestId{unflat(table.request())};
}

Command read(FlatReader&, const fb::AnnounceLeader& t) {
  return AnnounceLeader{{{t.node()}, t.generation()}, {t.epoch()}};
}
Command read(FlatReader&, const fb::VersionBarrier& t) {
  VersionBarrier c{unpack(t.min_version()), unpack(t.reason()), {}};
  if (t.features() != nullptr) c.features.assign(t.features()->begin(), t.features()->end());
  return c;
}
Command read(FlatReader&, const fb::UpdateDurability& t) {
  return UpdateDurability{t.durable_lsn(), {t.at()}};
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
    case 6: return Yielded{unpack(t.reason())};
    case 7: return Ended{};
    case 8: return Failed{unpack(in, t.failure())};
    default: in.damage(); return Ended{};
  }
}

Command read(FlatReader& in, const fb::InvokerEffect& t) {
  return InvokerEffect{unflat(t.invocation()), read_effect(in, t)};
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
    default:
      return Error{Code::kUnsupported, "a record has command " + std::to_string(number) +
                                           ", which this version does not know"};
  }
}

template <class Message>
Bytes encode_as_command(const Dedup& dedup, const Message& message, std::size_t index) {
  FlatWriter out;
  const std::string prefix = head(index, dedup);
  return CommandEncoder{out, prefix}(message);
}

/// The position of an alternative in `Command`.
template <class Message, std::size_t kIndex = 0>
constexpr std::size_t command_index() {
  if constexpr (std::is_same_v<std::variant_alternative_t<kIndex, Command>, Message>) {
    return kIndex;
  } else {
    return command_index<Message, kIndex + 1>();
  }
}

}  // namespace

Bytes encode(const Envelope& envelope) {
  return std::visit(
      [&](const auto& command) {
        return encode_as_command(envelope.dedup, command, envelope.command.index());
      },
      envelope.command);
}

Result<Envelope> decode(const Bytes& bytes) {
  if (bytes.size() < 3) return Error{Code::kCorrupt, "a record is cut short"};
  const auto version = static_cast<std::uint8_t>(bytes.data()[0]);
  const auto number = static_cast<std::uint8_t>(bytes.data()[1]);
  if (version == 0) return Error{Code::kCorrupt, "a record has no version"};
  if (version > kVersion) {
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

Bytes encode(const OutboxMessage& message) {
  return std::visit(
      [](const auto& m) {
        return encode_as_command(NoDedup{}, m, command_index<std::decay_t<decltype(m)>>());
      },
      message);
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
