#include "wire/entry.h"
#include "wire/entry_parts.h"
#include "wire/protobuf.h"

#include <restate/assert.h>

#include <variant>

namespace restate::wire {
namespace {

/// What a payload's envelope and the small fields around it may need.
constexpr std::size_t kRoomForFields = 96;

/// The fields that end most commands: 11 the completion, 12 the name.
void end_command(ProtoWriter& out, CompletionId completion, std::string_view name) {
  out.varint(11, completion.value);
  out.bytes(12, name);
}

void put_headers(ProtoWriter& out, std::uint32_t field, const std::vector<Header>& headers) {
  for (const Header& header : headers) out.put_bytes(field, encode_header(header));
}

void put_optional(ProtoWriter& out, std::uint32_t field, const std::optional<std::string>& text) {
  if (text) out.put_bytes(field, *text);
}

/// A oneof of a value and a failure.
void put_result(ProtoWriter& out, std::uint32_t value_field, std::uint32_t failure_field,
                const InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) {
    out.put_wrapped(value_field, value->view());
  } else {
    out.put_bytes(failure_field, encode_failure(std::get<Failure>(result)));
  }
}

void put_reference(ProtoWriter& out, const InvocationRef& target) {
  if (const auto* id = std::get_if<std::string>(&target)) {
    out.put_bytes(1, *id);
  } else if (const auto* idempotent = std::get_if<IdempotentRef>(&target)) {
    ProtoWriter nested;
    nested.bytes(1, idempotent->service);
    put_optional(nested, 2, idempotent->key);
    nested.bytes(3, idempotent->handler);
    nested.bytes(4, idempotent->idempotency_key);
    put_optional(nested, 5, idempotent->scope);
    out.put_bytes(3, nested.view());
  } else {
    const auto& workflow = std::get<WorkflowRef>(target);
    ProtoWriter nested;
    nested.bytes(1, workflow.workflow);
    nested.bytes(2, workflow.key);
    put_optional(nested, 3, workflow.scope);
    out.put_bytes(4, nested.view());
  }
}

/// One overload per command, fields in the order of their numbers.
struct Encoder {
  ProtoWriter& out;
  std::string_view name;

  void operator()(const InputEntry& entry) {
    out.reserve(entry.value.size() + kRoomForFields);
    put_headers(out, 1, entry.headers);
    out.bytes(12, name);
    out.put_wrapped(14, entry.value.view());
  }
  void operator()(const OutputEntry& entry) {
    if (const auto* value = std::get_if<Bytes>(&entry.result)) {
      out.reserve(value->size() + kRoomForFields);
    }
    out.bytes(12, name);
    put_result(out, 14, 15, entry.result);
  }
  void operator()(const GetLazyStateEntry& entry) {
    out.bytes(1, entry.key.view());
    end_command(out, entry.completion, name);
  }
  void operator()(const SetStateEntry& entry) {
    out.reserve(entry.key.size() + entry.value.size() + kRoomForFields);
    out.bytes(1, entry.key.view());
    out.put_wrapped(3, entry.value.view());
    out.bytes(12, name);
  }
  void operator()(const ClearStateEntry& entry) {
    out.bytes(1, entry.key.view());
    out.bytes(12, name);
  }
  void operator()(const ClearAllStateEntry&) { out.bytes(12, name); }
  void operator()(const GetLazyStateKeysEntry& entry) { end_command(out, entry.completion, name); }
  void operator()(const GetEagerStateEntry& entry) {
    out.bytes(1, entry.key.view());
    out.bytes(12, name);
    if (entry.value) {
      out.put_wrapped(14, entry.value->view());
    } else {
      out.put_bytes(13, {});
    }
  }
  void operator()(const GetEagerStateKeysEntry& entry) {
    out.bytes(12, name);
    out.put_bytes(14, encode_state_keys(entry.keys));
  }
  void operator()(const GetPromiseEntry& entry) {
    out.bytes(1, entry.key);
    end_command(out, entry.completion, name);
  }
  void operator()(const PeekPromiseEntry& entry) {
    out.bytes(1, entry.key);
    end_command(out, entry.completion, name);
  }
  void operator()(const CompletePromiseEntry& entry) {
    out.bytes(1, entry.key);
    put_result(out, 2, 3, entry.value);
    end_command(out, entry.completion, name);
  }
  void operator()(const SleepEntry& entry) {
    out.varint(1, entry.wake_up.ms);
    end_command(out, entry.completion, name);
  }
  void operator()(const CallEntry& entry) {
    const CallRequest& request = entry.request;
    out.reserve(request.parameter.size() + kRoomForFields);
    out.bytes(1, request.service);
    out.bytes(2, request.handler);
    out.bytes(3, request.parameter.view());
    put_headers(out, 4, request.headers);
    out.bytes(5, request.key);
    put_optional(out, 6, request.idempotency_key);
    put_optional(out, 7, request.scope);
    put_optional(out, 8, request.limit_key);
    out.varint(10, entry.invocation_id_completion.value);
    end_command(out, entry.completion, name);
  }
  void operator()(const OneWayCallEntry& entry) {
    const CallRequest& request = entry.request;
    out.reserve(request.parameter.size() + kRoomForFields);
    out.bytes(1, request.service);
    out.bytes(2, request.handler);
    out.bytes(3, request.parameter.view());
    out.varint(4, entry.invoke_time.ms);
    put_headers(out, 5, request.headers);
    out.bytes(6, request.key);
    put_optional(out, 7, request.idempotency_key);
    put_optional(out, 8, request.scope);
    put_optional(out, 9, request.limit_key);
    out.varint(10, entry.invocation_id_completion.value);
    out.bytes(12, name);
  }
  void operator()(const SendSignalEntry& entry) {
    out.bytes(1, entry.target);
    if (const auto* index = std::get_if<SignalIndex>(&entry.signal)) {
      out.put_varint(2, index->value);
    } else {
      out.put_bytes(3, std::get<SignalName>(entry.signal).value);
    }
    if (std::holds_alternative<Void>(entry.result)) {
      out.put_bytes(4, {});
    } else if (const auto* value = std::get_if<Bytes>(&entry.result)) {
      out.put_wrapped(5, value->view());
    } else {
      out.put_bytes(6, encode_failure(std::get<Failure>(entry.result)));
    }
    out.bytes(12, name);
  }
  void operator()(const RunEntry& entry) { end_command(out, entry.completion, name); }
  void operator()(const AttachInvocationEntry& entry) {
    put_reference(out, entry.target);
    end_command(out, entry.completion, name);
  }
  void operator()(const GetInvocationOutputEntry& entry) {
    put_reference(out, entry.target);
    end_command(out, entry.completion, name);
  }
  void operator()(const CompleteAwakeableEntry& entry) {
    out.bytes(1, entry.id);
    put_result(out, 2, 3, entry.result);
    out.bytes(12, name);
  }
  void operator()(const Notification& notification) {
    if (const auto* completion = std::get_if<CompletionId>(&notification.id)) {
      out.put_varint(1, completion->value);
    } else if (const auto* index = std::get_if<SignalIndex>(&notification.id)) {
      out.put_varint(2, index->value);
    } else {
      out.put_bytes(3, std::get<SignalName>(notification.id).value);
    }
    if (std::holds_alternative<Void>(notification.result)) {
      out.put_bytes(4, {});
    } else if (const auto* value = std::get_if<Bytes>(&notification.result)) {
      out.reserve(value->size() + kRoomForFields);
      out.put_wrapped(5, value->view());
    } else if (const auto* failure = std::get_if<Failure>(&notification.result)) {
      out.put_bytes(6, encode_failure(*failure));
    } else if (const auto* id = std::get_if<InvocationId>(&notification.result)) {
      out.put_bytes(16, id->str());
    } else {
      out.put_bytes(17, encode_state_keys(std::get<StateKeys>(notification.result)));
    }
  }
};

}  // namespace

Bytes encode_entry(EntryType type, const EntryContent& content, std::string_view name) {
  RESTATE_ASSERT(is_notification(type) == std::holds_alternative<Notification>(content),
                 "the content belongs to another type");
  ProtoWriter out;
  std::visit(Encoder{out, name}, content);
  return Bytes(std::move(out).take());
}

Bytes encode_notification(const Notification& notification) {
  ProtoWriter out;
  Encoder{out, {}}(notification);
  return Bytes(std::move(out).take());
}

}  // namespace restate::wire
