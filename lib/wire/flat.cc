#include "wire/flat.h"

#include <restate/assert.h>

#include <cstring>

namespace restate::wire {
namespace {

/// Deeper trees do not come from the invoker: it pauses the invocation long before.
constexpr std::uint32_t kMaxTreeDepth = 4096;

void store_big_endian_64(std::uint64_t value, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

Uuid make_uuid(std::uint64_t high, std::uint64_t low) {
  Uuid uuid;
  store_big_endian_64(high, uuid.bytes.data());
  store_big_endian_64(low, uuid.bytes.data() + 8);
  return uuid;
}

template <class Enum>
Enum checked(FlatReader& in, std::uint8_t number, Enum last) {
  if (number > static_cast<std::uint8_t>(last)) in.damage();
  return static_cast<Enum>(number);
}

void pack_nodes(FlatWriter& out, const AwaitTree& tree,
                std::vector<flatbuffers::Offset<fb::Node>>& nodes) {
  std::vector<flatbuffers::Offset<fb::Leaf>> leaves;
  leaves.reserve(tree.leaves.size());
  for (const NotificationId& id : tree.leaves) leaves.push_back(pack(out, id));
  const auto packed = leaves.empty() ? 0 : out.builder().CreateVector(leaves);
  nodes.push_back(fb::CreateNode(out.builder(), static_cast<std::uint8_t>(tree.combinator), packed,
                                 static_cast<std::uint32_t>(tree.nested.size())));
  for (const AwaitTree& nested : tree.nested) pack_nodes(out, nested, nodes);
}

AwaitTree unpack_node(FlatReader& in, const FlatNodes& nodes, std::uint32_t& next,
                      std::uint32_t depth) {
  AwaitTree tree;
  if (next >= nodes.size() || depth > kMaxTreeDepth) {
    in.damage();
    return tree;
  }
  const fb::Node* node = nodes.Get(next++);
  tree.combinator = checked(in, node->combinator(), Combinator::kAllSucceededOrFirstFailed);
  if (node->leaves() != nullptr) {
    tree.leaves.reserve(node->leaves()->size());
    for (const fb::Leaf* leaf : *node->leaves()) tree.leaves.push_back(unpack(in, leaf));
  }
  for (std::uint32_t i = 0; i < node->children() && !in.damaged(); ++i) {
    tree.nested.push_back(unpack_node(in, nodes, next, depth + 1));
  }
  return tree;
}

}  // namespace

// --- Writer and reader ------------------------------------------------------------------------------

std::uint64_t FlatWriter::extent(const Bytes& payload) {
  const std::uint64_t offset = payload_bytes_;
  const std::uint64_t length = payload.size();
  RESTATE_ASSERT(offset + length <= UINT32_MAX, "a record carries at most 4 GiB of payload");
  if (length == 0) return 0;
  payloads_.push_back(payload);
  payload_bytes_ += length;
  return offset << 32 | length;
}

flatbuffers::Offset<flatbuffers::String> FlatWriter::text(std::string_view text) {
  return text.empty() ? 0 : builder_.CreateString(text.data(), text.size());
}

flatbuffers::Offset<flatbuffers::String> FlatWriter::optional_text(
    const std::optional<std::string>& text) {
  return text ? builder_.CreateString(*text) : 0;
}

Bytes FlatWriter::assemble(std::string_view prefix) const {
  const std::uint32_t size = builder_.GetSize();
  std::string bytes;
  bytes.reserve(prefix.size() + 4 + size + payload_bytes_);
  bytes.append(prefix);
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(size >> shift));
  bytes.append(reinterpret_cast<const char*>(builder_.GetBufferPointer()), size);
  for (const Bytes& payload : payloads_) bytes.append(payload.view());
  return Bytes(std::move(bytes));
}

Result<std::string_view> FlatReader::locate(const Bytes& bytes, std::size_t offset) {
  const std::string_view rest = bytes.view().substr(offset < bytes.size() ? offset : bytes.size());
  if (rest.size() < 4) return Error{Code::kCorrupt, "a record is cut short"};
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(rest[i]);
  // Flatbuffers of less than eight bytes do not exist, and the verifier asserts it.
  if (size > rest.size() - 4 || size < 8) return Error{Code::kCorrupt, "a record is cut short"};
  const std::size_t words = (size + 7) / 8;
  std::uint64_t* copy = inline_;
  if (words > kInlineWords) {
    heap_.resize(words);
    copy = heap_.data();
  }
  std::memcpy(copy, rest.data() + 4, size);
  tail_ = bytes.slice(offset + 4 + size);
  return std::string_view(reinterpret_cast<const char*>(copy), size);
}

Bytes FlatReader::payload(std::uint64_t extent) {
  const std::uint64_t offset = extent >> 32;
  const std::uint64_t length = extent & UINT32_MAX;
  if (offset + length > tail_.size()) {
    damaged_ = true;
    return {};
  }
  return tail_.slice(offset, length);
}

// --- Shared parts -----------------------------------------------------------------------------------

Uuid unflat(const fb::Uuid* uuid) {
  return uuid == nullptr ? Uuid{} : make_uuid(uuid->high(), uuid->low());
}

InvocationId unflat(const fb::Id* id) {
  return id == nullptr ? InvocationId{} : InvocationId{{id->key()}, make_uuid(id->high(), id->low())};
}

flatbuffers::Offset<fb::Target> pack(FlatWriter& out, const InvocationTarget& target) {
  const auto service = out.text(target.service);
  const auto key = out.text(target.key);
  const auto handler = out.text(target.handler);
  const auto scope = out.optional_text(target.scope);
  return fb::CreateTarget(out.builder(), static_cast<std::uint8_t>(target.type),
                          static_cast<std::uint8_t>(target.handler_type), service, key, handler,
                          scope);
}

InvocationTarget unpack(FlatReader& in, const fb::Target* target) {
  if (target == nullptr) return {};
  return {checked(in, target->type(), ServiceType::kWorkflow),
          checked(in, target->handler_type(), HandlerType::kWorkflow),
          unpack(target->service()),
          unpack(target->key()),
          unpack(target->handler()),
          unpack_optional(target->scope())};
}

flatbuffers::Offset<FlatPairs> pack(FlatWriter& out, const std::vector<Header>& headers) {
  if (headers.empty()) return 0;
  std::vector<flatbuffers::Offset<fb::Pair>> pairs;
  pairs.reserve(headers.size());
  for (const Header& header : headers) {
    const auto name = out.text(header.name);
    const auto value = out.text(header.value);
    pairs.push_back(fb::CreatePair(out.builder(), name, value));
  }
  return out.builder().CreateVector(pairs);
}

std::vector<Header> unpack(FlatReader&, const FlatPairs* headers) {
  std::vector<Header> result;
  if (headers == nullptr) return result;
  result.reserve(headers->size());
  for (const fb::Pair* pair : *headers) result.push_back({unpack(pair->name()), unpack(pair->value())});
  return result;
}

flatbuffers::Offset<fb::Failure> pack(FlatWriter& out, const Failure& failure) {
  std::vector<Header> pairs;
  pairs.reserve(failure.metadata.size());
  for (const auto& [key, value] : failure.metadata) pairs.push_back({key, value});
  const auto metadata = pack(out, pairs);
  const auto message = out.text(failure.message);
  return fb::CreateFailure(out.builder(), failure.code, message, metadata);
}

Failure unpack(FlatReader& in, const fb::Failure* failure) {
  if (failure == nullptr) return {};
  Failure result{failure->code(), unpack(failure->message()), {}};
  for (Header& pair : unpack(in, failure->metadata())) {
    result.metadata.emplace_back(std::move(pair.name), std::move(pair.value));
  }
  return result;
}

flatbuffers::Offset<fb::Sink> pack(FlatWriter& out, const ResponseSink& sink) {
  if (const auto* ingress = std::get_if<IngressSink>(&sink)) {
    const fb::Uuid request = flat(ingress->request.uuid);
    return fb::CreateSink(out.builder(), &request);
  }
  const auto& waiting = std::get<InvocationSink>(sink);
  const fb::Id caller = flat(waiting.caller);
  return fb::CreateSink(out.builder(), nullptr, &caller, waiting.incarnation.lsn,
                        waiting.completion);
}

ResponseSink unpack(FlatReader& in, const fb::Sink* sink) {
  if (sink == nullptr || (sink->request() == nullptr) == (sink->caller() == nullptr)) {
    in.damage();
    return IngressSink{};
  }
  if (sink->request() != nullptr) return IngressSink{{unflat(sink->request())}};
  return InvocationSink{unflat(sink->caller()), {sink->incarnation()}, sink->completion()};
}

flatbuffers::Offset<fb::Source> pack(FlatWriter& out, const Source& source) {
  const auto subscription = out.text(source.subscription);
  const auto target = source.target ? pack(out, *source.target) : 0;
  fb::Uuid request;
  fb::Id invocation;
  if (source.request) request = flat(source.request->uuid);
  if (source.invocation) invocation = flat(*source.invocation);
  return fb::CreateSource(out.builder(), static_cast<std::uint8_t>(source.kind),
                          source.request ? &request : nullptr, subscription,
                          source.invocation ? &invocation : nullptr, target);
}

Source unpack(FlatReader& in, const fb::Source* source) {
  Source result;
  if (source == nullptr) return result;
  result.kind = checked(in, source->kind(), Source::Kind::kRestartAsNew);
  if (source->request() != nullptr) result.request = RequestId{unflat(source->request())};
  result.subscription = unpack(source->subscription());
  if (source->invocation() != nullptr) result.invocation = unflat(source->invocation());
  if (source->target() != nullptr) result.target = unpack(in, source->target());
  return result;
}

flatbuffers::Offset<fb::Span> pack(FlatWriter& out, const SpanContext& span) {
  if (span.traceparent.empty() && span.tracestate.empty()) return 0;
  const auto parent = out.text(span.traceparent);
  const auto state = out.text(span.tracestate);
  return fb::CreateSpan(out.builder(), parent, state);
}

SpanContext unpack(FlatReader&, const fb::Span* span) {
  if (span == nullptr) return {};
  return {unpack(span->traceparent()), unpack(span->tracestate())};
}

flatbuffers::Offset<fb::Pinned> pack(FlatWriter& out, const PinnedDeployment& pinned) {
  const fb::Uuid id = flat(pinned.id.ulid);
  return fb::CreatePinned(out.builder(), &id, pinned.protocol);
}

PinnedDeployment unpack(FlatReader&, const fb::Pinned* pinned) {
  if (pinned == nullptr) return {};
  return {{unflat(pinned->deployment())}, pinned->protocol()};
}

flatbuffers::Offset<fb::Event> pack(FlatWriter& out, const JournalEvent& event) {
  const std::uint64_t json = out.extent(event.json);
  return fb::CreateEvent(out.builder(), static_cast<std::uint8_t>(event.type), json);
}

JournalEvent unpack(FlatReader& in, const fb::Event* event) {
  if (event == nullptr) return {};
  if (event->type() == 0) in.damage();
  return {checked(in, event->type(), JournalEvent::Type::kSuspended),
          in.payload(event->json_extent())};
}

flatbuffers::Offset<fb::CallInfo> pack(FlatWriter& out, const CallInfo& call) {
  const auto target = pack(out, call.target);
  const auto span = pack(out, call.span);
  const fb::Id callee = flat(call.callee);
  return fb::CreateCallInfo(out.builder(), &callee, target, call.retention.completion_ms,
                            call.retention.journal_ms, span);
}

CallInfo unpack(FlatReader& in, const fb::CallInfo* call) {
  if (call == nullptr) return {};
  return {unflat(call->callee()),
          unpack(in, call->target()),
          {call->completion_ms(), call->journal_ms()},
          unpack(in, call->span())};
}

flatbuffers::Offset<fb::Outcome> pack(FlatWriter& out,
                                      const std::variant<Void, Bytes, Failure>& outcome) {
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    const auto packed = pack(out, *failure);
    return fb::CreateOutcome(out.builder(), 2, 0, packed);
  }
  const auto* value = std::get_if<Bytes>(&outcome);
  const std::uint64_t extent = value == nullptr ? 0 : out.extent(*value);
  return fb::CreateOutcome(out.builder(), value == nullptr ? 0 : 1, extent);
}

flatbuffers::Offset<fb::Outcome> pack(FlatWriter& out, const InvocationResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) {
    const auto packed = pack(out, *failure);
    return fb::CreateOutcome(out.builder(), 2, 0, packed);
  }
  return fb::CreateOutcome(out.builder(), 1, out.extent(std::get<Bytes>(result)));
}

std::variant<Void, Bytes, Failure> unpack(FlatReader& in, const fb::Outcome* outcome) {
  if (outcome == nullptr || outcome->kind() == 0) return Void{};
  if (outcome->kind() == 1) return in.payload(outcome->value_extent());
  if (outcome->kind() != 2) in.damage();
  return unpack(in, outcome->failure());
}

flatbuffers::Offset<fb::Leaf> pack(FlatWriter& out, const NotificationId& id) {
  const auto kind = static_cast<std::uint8_t>(id.index());
  if (const auto* completion = std::get_if<CompletionId>(&id)) {
    return fb::CreateLeaf(out.builder(), kind, completion->value);
  }
  if (const auto* index = std::get_if<SignalIndex>(&id)) {
    return fb::CreateLeaf(out.builder(), kind, index->value);
  }
  const auto name = out.text(std::get<SignalName>(id).value);
  return fb::CreateLeaf(out.builder(), kind, 0, name);
}

NotificationId unpack(FlatReader& in, const fb::Leaf* leaf) {
  if (leaf == nullptr || leaf->kind() > 2) {
    in.damage();
    return CompletionId{};
  }
  if (leaf->kind() == 0) return CompletionId{leaf->number()};
  if (leaf->kind() == 1) return SignalIndex{leaf->number()};
  return SignalName{unpack(leaf->name())};
}

flatbuffers::Offset<FlatNodes> pack(FlatWriter& out, const AwaitTree& tree) {
  std::vector<flatbuffers::Offset<fb::Node>> nodes;
  pack_nodes(out, tree, nodes);
  return out.builder().CreateVector(nodes);
}

AwaitTree unpack(FlatReader& in, const FlatNodes* nodes) {
  if (nodes == nullptr || nodes->size() == 0) return {};
  std::uint32_t next = 0;
  AwaitTree tree = unpack_node(in, *nodes, next, 0);
  if (next != nodes->size()) in.damage();
  return tree;
}

flatbuffers::Offset<fb::Invocation> pack(FlatWriter& out, const ServiceInvocation& invocation) {
  const auto target = pack(out, invocation.target);
  const std::uint64_t argument = out.extent(invocation.argument);
  const auto source = pack(out, invocation.source);
  const auto span = pack(out, invocation.span);
  const auto headers = pack(out, invocation.headers);
  const auto idempotency_key = out.optional_text(invocation.idempotency_key);
  const auto limit_key = out.text(invocation.limit_key);
  const auto created_by = out.text(invocation.created_by);
  const auto sink = invocation.response_sink ? pack(out, *invocation.response_sink) : 0;
  const fb::Id id = flat(invocation.id);
  fb::Uuid submit;
  if (invocation.submit_notification) submit = flat(invocation.submit_notification->uuid);
  fb::InvocationBuilder table(out.builder());
  table.add_completion_ms(invocation.retention.completion_ms);
  table.add_journal_ms(invocation.retention.journal_ms);
  if (invocation.execution_time) table.add_execution_time(invocation.execution_time->ms);
  table.add_argument_extent(argument);
  table.add_id(&id);
  table.add_target(target);
  table.add_source(source);
  table.add_span(span);
  table.add_headers(headers);
  table.add_idempotency_key(idempotency_key);
  table.add_limit_key(limit_key);
  table.add_response_sink(sink);
  table.add_created_by(created_by);
  if (invocation.submit_notification) table.add_submit_notification(&submit);
  return table.Finish();
}

ServiceInvocation unpack(FlatReader& in, const fb::Invocation* invocation) {
  ServiceInvocation result;
  if (invocation == nullptr) {
    in.damage();
    return result;
  }
  result.id = unflat(invocation->id());
  result.target = unpack(in, invocation->target());
  result.argument = in.payload(invocation->argument_extent());
  result.source = unpack(in, invocation->source());
  result.span = unpack(in, invocation->span());
  result.headers = unpack(in, invocation->headers());
  if (invocation->execution_time()) result.execution_time = WallTime{*invocation->execution_time()};
  result.retention = {invocation->completion_ms(), invocation->journal_ms()};
  result.idempotency_key = unpack_optional(invocation->idempotency_key());
  result.limit_key = unpack(invocation->limit_key());
  if (invocation->response_sink() != nullptr) {
    result.response_sink = unpack(in, invocation->response_sink());
  }
  if (invocation->submit_notification() != nullptr) {
    result.submit_notification = RequestId{unflat(invocation->submit_notification())};
  }
  result.created_by = unpack(invocation->created_by());
  return result;
}

}  // namespace restate::wire
