#include "wire/codec.h"

#include "common/overloaded.h"
#include "wire/flat.h"
#include "wire/record_head.h"

#include <restate/assert.h>

// 0        1         2       3
// +--------+---------+-------+--------------+-----------+------------+----------+
// | version| command | dedup | dedup fields | size u32  | flatbuffer | payloads |
// +--------+---------+-------+--------------+-----------+------------+----------+
// The head tells what a record is without reading the rest. docs/formats/records.md has the table.

namespace restate::wire {
namespace {

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
  }
}

std::string head(std::size_t command_index, const Dedup& dedup) {
  std::string out;
  out.push_back(static_cast<char>(kRecordVersion));
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

flatbuffers::Offset<fb::Operation> pack_operation(FlatWriter& out, const InvocationId& invocation,
                                                  Incarnation incarnation,
                                                  const std::optional<RequestId>& request) {
  const fb::Id id = flat(invocation);
  fb::Uuid uuid;
  if (request) uuid = flat(request->uuid);
  return fb::CreateOperation(out.builder(), &id, incarnation.lsn, request ? &uuid : nullptr);
}

flatbuffers::Offset<flatbuffers::Vector<const fb::Place*>> pack_places(
    FlatWriter& out, const std::vector<QueuePlace>& places) {
  std::vector<fb::Place> packed;
  packed.reserve(places.size());
  for (const QueuePlace& place : places) {
    packed.emplace_back(flat(place.invocation), flat(place.queue), place.at.run_at.ms,
                        place.at.sequence, place.at.fresh);
  }
  return out.builder().CreateVectorOfStructs(packed);
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
    fb::AnnounceLeaderBuilder table(out.builder());
    table.add_epoch_metadata_version(c.epoch_metadata_version);
    if (c.keys) {
      table.add_last_key(c.keys->last);
      table.add_first_key(c.keys->first);
    }
    table.add_epoch(c.epoch.value);
    table.add_generation(c.node.generation);
    table.add_node(c.node.node.value);
    return finish(table.Finish());
  }
  Bytes operator()(const VersionBarrier& c) {
    const auto version = out.text(c.min_version);
    const auto reason = out.text(c.reason);
    const auto features = out.builder().CreateVector(c.features);
    return finish(fb::CreateVersionBarrier(out.builder(), version, reason, features));
  }
  Bytes operator()(const UpdateDurability& c) {
    fb::UpdateDurabilityBuilder table(out.builder());
    table.add_at(c.at.ms);
    table.add_durable_lsn(c.durable_lsn);
    if (c.partition) table.add_partition(c.partition->value);
    return finish(table.Finish());
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
  Bytes operator()(const UpsertRuleBook& c) {
    return finish(fb::CreateUpsertRuleBook(out.builder(), c.version, out.extent(c.book)));
  }
  Bytes operator()(const QueueDecisions& c) {
    const auto runs = pack_places(out, c.runs);
    const auto yields = pack_places(out, c.yields);
    return finish(fb::CreateQueueDecisions(out.builder(), runs, yields));
  }
  Bytes operator()(const PauseQueue& c) {
    const fb::Id queue{c.queue.key.value, c.queue.digest.high(), c.queue.digest.low()};
    return finish(fb::CreatePauseQueue(out.builder(), &queue, c.paused));
  }
};

Bytes CommandEncoder::operator()(const InvokerEffect& c) {
  const fb::Id id = flat(c.invocation);
  // Strings and tables must stand before the table that points to them, so each effect leaves a
  // function that adds its fields.
  const auto build = [&](auto add) {
    fb::InvokerEffectBuilder table(out.builder());
    table.add_invocation(&id);
    table.add_incarnation(c.incarnation.lsn);
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
            const auto event = e.event ? pack(out, *e.event) : 0;
            return build([&](auto& table) {
              if (e.resume_at) table.add_resume_at(e.resume_at->ms);
              table.add_attempts(e.retry.attempts);
              table.add_failed(e.retry.failed);
              table.add_event(event);
              table.add_reason(reason);
              table.add_retries(e.retry.retries_since_command);
              table.add_refused(e.retry.refused);
              table.add_yield_kind(static_cast<std::uint8_t>(e.kind));
            });
          },
          [&](const Ended&) { return build([](auto&) {}); },
          [&](const Failed& e) {
            const auto failure = pack(out, e.failure);
            return build([&](auto& table) { table.add_failure(failure); });
          },
      },
      c.effect);
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

Bytes encode(const OutboxMessage& message) {
  return std::visit(
      [](const auto& m) {
        return encode_as_command(NoDedup{}, m, command_index<std::decay_t<decltype(m)>>());
      },
      message);
}

}  // namespace restate::wire
