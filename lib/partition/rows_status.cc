#include "partition/row_codec.h"
#include "partition/row_glance.h"
#include "partition/row_parts.h"
#include "partition/rows.h"

#include <utility>

namespace restate::partition {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::kScheduled:
      return "scheduled";
    case Status::kInboxed:
      return "inboxed";
    case Status::kInvoked:
      return "invoked";
    case Status::kSuspended:
      return "suspended";
    case Status::kPaused:
      return "paused";
    case Status::kCompleted:
      return "completed";
  }
  RESTATE_UNREACHABLE();
}

namespace rows {

namespace {

// A tree deeper than any the invoker lets through is no tree of ours.
constexpr int kDeepestTree = 4096;

void write(RowWriter& to, const wire::NotificationId& id) {
  to.u8(static_cast<std::uint8_t>(id.index()));
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) {
    to.u32(completion->value);
  } else if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    to.u32(index->value);
  } else {
    to.str(std::get<wire::SignalName>(id).value);
  }
}

wire::NotificationId read_notification_id(RowReader& from) {
  switch (from.u8()) {
    case 0:
      return wire::CompletionId{from.u32()};
    case 1:
      return wire::SignalIndex{from.u32()};
    case 2:
      return wire::SignalName{from.str()};
  }
  from.fail();
  return wire::CompletionId{};
}

void write(RowWriter& to, const wire::AwaitTree& tree) {
  to.u8(static_cast<std::uint8_t>(tree.combinator));
  to.u32(static_cast<std::uint32_t>(tree.leaves.size()));
  for (const auto& leaf : tree.leaves) write(to, leaf);
  to.u32(static_cast<std::uint32_t>(tree.nested.size()));
  for (const auto& node : tree.nested) write(to, node);
}

wire::AwaitTree read_tree(RowReader& from, int depth) {
  wire::AwaitTree tree;
  if (depth > kDeepestTree) {
    from.fail();
    return tree;
  }
  tree.combinator = from.enumerator(wire::Combinator::kAllSucceededOrFirstFailed);
  const std::size_t leaves = from.count(2);
  for (std::size_t i = 0; i < leaves; ++i) tree.leaves.push_back(read_notification_id(from));
  const std::size_t nested = from.count(9);
  for (std::size_t i = 0; i < nested; ++i) tree.nested.push_back(read_tree(from, depth + 1));
  return tree;
}

void write(RowWriter& to, const wire::ResponseSink& sink) {
  to.u8(static_cast<std::uint8_t>(sink.index()));
  if (const auto* ingress = std::get_if<wire::IngressSink>(&sink)) {
    to.uuid(ingress->request.uuid);
  } else {
    write(to, std::get<wire::InvocationSink>(sink));
  }
}

wire::ResponseSink read_sink(RowReader& from) {
  switch (from.u8()) {
    case 0:
      return wire::IngressSink{RequestId{from.uuid()}};
    case 1:
      return read_invocation_sink(from);
  }
  from.fail();
  return wire::IngressSink{};
}

void write(RowWriter& to, const wire::Source& source) {
  to.u8(static_cast<std::uint8_t>(source.kind));
  to.opt(source.request, [](RowWriter& out, const RequestId& id) { out.uuid(id.uuid); });
  to.str(source.subscription);
  to.opt(source.invocation, [](RowWriter& out, const InvocationId& id) { out.id(id); });
  to.opt(source.target, [](RowWriter& out, const auto& target) { write(out, target); });
}

wire::Source read_source(RowReader& from) {
  wire::Source source;
  source.kind = from.enumerator(wire::Source::Kind::kRestartAsNew);
  source.request = from.opt([](RowReader& in) { return RequestId{in.uuid()}; });
  source.subscription = from.str();
  source.invocation = from.opt([](RowReader& in) { return in.id(); });
  source.target = from.opt([](RowReader& in) { return read_target(in); });
  return source;
}

// The part at fixed places, readable without the rest: see docs/formats/tables.md.
void write_header(RowWriter& to, const InvocationStatus& status) {
  to.u8(static_cast<std::uint8_t>(status.status));
  to.u32(status.journal.length);
  to.u64(status.incarnation.lsn);
  to.u64(status.timestamps.created.ms).u64(status.timestamps.modified.ms);
  to.u64(status.timestamps.completed.value_or(WallTime{}).ms);
  write(to, status.retention);
}

StatusHeader read_header(RowReader& from) {
  StatusHeader header;
  const std::uint8_t status = from.u8();
  if (status < 1 || status > static_cast<std::uint8_t>(Status::kCompleted)) from.fail();
  header.status = static_cast<Status>(status);
  header.journal_length = from.u32();
  header.incarnation.lsn = from.u64();
  header.created = from.time();
  header.modified = from.time();
  header.completed = from.time();
  header.retention = read_retention(from);
  return header;
}

constexpr std::size_t kHeaderSize = 54;

}  // namespace

std::string encode(const InvocationStatus& status) {
  RowWriter to(224);
  write_header(to, status);
  write(to, status.target);
  write(to, status.source);
  write(to, status.span);
  to.str(status.limit_key);
  to.opt_time(status.timestamps.scheduled).opt_time(status.timestamps.inboxed);
  to.opt_time(status.timestamps.running).flag(status.timestamps.completed.has_value());
  to.u32(static_cast<std::uint32_t>(status.sinks.size()));
  for (const auto& sink : status.sinks) write(to, sink);
  to.opt_str(status.idempotency_key).opt_time(status.execution_time);
  to.opt(status.random_seed, [](RowWriter& out, std::uint64_t seed) { out.u64(seed); });
  to.u32(status.journal.commands).u32(status.journal.events);
  to.opt(status.journal.last_output, [](RowWriter& out, std::uint32_t index) { out.u32(index); });
  to.opt(status.pinned, [](RowWriter& out, const wire::PinnedDeployment& pinned) {
    out.uuid(pinned.id.ulid).u16(pinned.protocol);
  });
  switch (status.status) {
    case Status::kInboxed:
      to.u64(status.inbox_sequence);
      break;
    case Status::kSuspended:
      to.u32(status.delivered);
      write(to, status.awaiting);
      break;
    case Status::kCompleted:
      to.opt(status.result, [](RowWriter& out, const auto& result) { write(out, result); });
      break;
    case Status::kScheduled:
    case Status::kInvoked:
    case Status::kPaused:
      break;
  }
  to.str(status.created_by);
  return to.take();
}

std::optional<InvocationStatus> decode_status(const Bytes& value) {
  RowReader from(value);
  const StatusHeader header = read_header(from);
  if (from.failed()) return std::nullopt;
  InvocationStatus status;
  status.status = header.status;
  status.journal.length = header.journal_length;
  status.incarnation = header.incarnation;
  status.timestamps.created = header.created;
  status.timestamps.modified = header.modified;
  status.retention = header.retention;
  status.target = read_target(from);
  status.source = read_source(from);
  status.span = read_span(from);
  status.limit_key = from.str();
  status.timestamps.scheduled = from.opt_time();
  status.timestamps.inboxed = from.opt_time();
  status.timestamps.running = from.opt_time();
  if (from.flag()) status.timestamps.completed = header.completed;
  const std::size_t sinks = from.count(17);
  status.sinks.reserve(sinks);
  for (std::size_t i = 0; i < sinks; ++i) status.sinks.push_back(read_sink(from));
  status.idempotency_key = from.opt_str();
  status.execution_time = from.opt_time();
  status.random_seed = from.opt([](RowReader& in) { return in.u64(); });
  status.journal.commands = from.u32();
  status.journal.events = from.u32();
  status.journal.last_output = from.opt([](RowReader& in) { return in.u32(); });
  status.pinned = from.opt([](RowReader& in) {
    wire::PinnedDeployment pinned;
    pinned.id.ulid = in.uuid();
    pinned.protocol = in.u16();
    return pinned;
  });
  switch (status.status) {
    case Status::kInboxed:
      status.inbox_sequence = from.u64();
      break;
    case Status::kSuspended:
      status.delivered = from.u32();
      status.awaiting = read_tree(from, 0);
      break;
    case Status::kCompleted:
      status.result = from.opt([](RowReader& in) { return read_result(in); });
      break;
    case Status::kScheduled:
    case Status::kInvoked:
    case Status::kPaused:
      break;
  }
  if (!from.at_end()) status.created_by = from.str();
  return finish(from, std::move(status));
}

std::optional<StatusHeader> decode_status_header(std::string_view value) {
  const Bytes head = Bytes::literal(value.substr(0, kHeaderSize));
  RowReader from(head);
  return finish(from, read_header(from));
}

std::optional<std::string_view> decode_status_service(std::string_view value) {
  // Behind the header, the types of service and handler: one byte each, then the name as a `str`.
  std::size_t at = kHeaderSize + 2;
  std::size_t size = 0;
  for (int shift = 0; shift < 63; shift += 7) {
    if (at >= value.size()) return std::nullopt;
    const auto byte = static_cast<std::uint8_t>(value[at++]);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    if (size > value.size() - at) return std::nullopt;
    return value.substr(at, size);
  }
  return std::nullopt;
}

}  // namespace rows
}  // namespace restate::partition
