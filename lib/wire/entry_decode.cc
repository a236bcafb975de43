#include "wire/entry.h"

#include "wire/entry_parts.h"
#include "wire/protobuf.h"

#include <restate/assert.h>

namespace restate::wire {
namespace {

/// A field that most commands share.
constexpr std::uint32_t kCompletionField = 11;

Error malformed(EntryType type, std::string_view why) {
  std::string message("decoding ");
  message.append(entry_type_name(type)).append(": ").append(why);
  return {Code::kInvalidArgument, std::move(message)};
}

/// What the decoders of one body share: the reader, the buffer behind it, and which of the required
/// parts were seen.
struct Body {
  explicit Body(const Bytes& b) : bytes(b), reader(b.view()) {}

  Bytes slice(std::string_view part) const { return bytes.slice_of(part); }
  std::string text() { return std::string(reader.text()); }
  Bytes raw() { return slice(reader.bytes()); }
  /// A payload in its envelope `Value`.
  Bytes value() {
    std::string_view content;
    if (!decode_value(reader.bytes(), content)) reader.fail();
    return slice(content);
  }
  Failure failure() {
    Failure result;
    if (!decode_failure(reader.bytes(), result)) reader.fail();
    return result;
  }
  void add_header(std::vector<Header>& headers) {
    Header header;
    if (headers.size() == kMostPairs || !decode_header(reader.bytes(), header)) {
      return reader.fail();
    }
    headers.push_back(std::move(header));
  }
  StateKeys state_keys() {
    StateKeys keys;
    if (!decode_state_keys(reader.bytes(), bytes, keys)) reader.fail();
    return keys;
  }
  void check_state_keys() {
    if (!is_state_keys(reader.bytes())) reader.fail();
  }

  const Bytes& bytes;
  ProtoReader reader;
  bool complete = true;          ///< false while a required oneof is missing
  const char* missing = "";      ///< its name
};

/// Runs `each(field)` for every field, then judges the whole.
template <class Each>
Result<void> read(EntryType type, Body& body, Each each) {
  while (body.reader.next()) each(body.reader.field());
  if (body.reader.failed()) return malformed(type, "the bytes are no such message");
  if (!body.complete) return malformed(type, std::string("no ") + body.missing);
  return {};
}

void require(Body& body, const char* what) {
  body.complete = false;
  body.missing = what;
}

/// Commands that are a key and a completion.
template <class Entry>
Result<EntryContent> read_keyed(EntryType type, Body& body) {
  Entry entry;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if constexpr (requires { entry.key; }) {
      if (field == 1) {
        if constexpr (std::is_same_v<decltype(entry.key), Bytes>) {
          entry.key = body.raw();
        } else {
          entry.key = body.text();
        }
      }
    }
    if constexpr (requires { entry.completion; }) {
      if (field == kCompletionField) entry.completion.value = body.reader.uint32();
    }
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_input(EntryType type, Body& body) {
  InputEntry entry;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) body.add_header(entry.headers);
    if (field == 14) entry.value = body.value();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_output(EntryType type, Body& body) {
  OutputEntry entry;
  require(body, "result");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 14) entry.result = body.value();
    if (field == 15) entry.result = body.failure();
    if (field == 14 || field == 15) body.complete = true;
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_set_state(EntryType type, Body& body) {
  SetStateEntry entry;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.key = body.raw();
    if (field == 3) entry.value = body.value();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_get_eager_state(EntryType type, Body& body) {
  GetEagerStateEntry entry;
  require(body, "result");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.key = body.raw();
    if (field == 13) entry.value.reset();
    if (field == 14) entry.value = body.value();
    if (field == 13 || field == 14) body.complete = true;
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_get_eager_state_keys(EntryType type, Body& body) {
  GetEagerStateKeysEntry entry;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 14) entry.keys = body.state_keys();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_complete_promise(EntryType type, Body& body) {
  CompletePromiseEntry entry;
  require(body, "completion");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.key = body.text();
    if (field == 2) entry.value = body.value();
    if (field == 3) entry.value = body.failure();
    if (field == 2 || field == 3) body.complete = true;
    if (field == kCompletionField) entry.completion.value = body.reader.uint32();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_sleep(EntryType type, Body& body) {
  SleepEntry entry;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.wake_up.ms = body.reader.varint();
    if (field == kCompletionField) entry.completion.value = body.reader.uint32();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_call(EntryType type, Body& body) {
  CallEntry entry;
  CallRequest& request = entry.request;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    switch (field) {
      case 1: request.service = body.text(); break;
      case 2: request.handler = body.text(); break;
      case 3: request.parameter = body.raw(); break;
      case 4: body.add_header(request.headers); break;
      case 5: request.key = body.text(); break;
      case 6: request.idempotency_key = body.text(); break;
      case 7: request.scope = body.text(); break;
      case 8: request.limit_key = body.text(); break;
      case 10: entry.invocation_id_completion.value = body.reader.uint32(); break;
      case kCompletionField: entry.completion.value = body.reader.uint32(); break;
      default: break;
    }
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_one_way_call(EntryType type, Body& body) {
  OneWayCallEntry entry;
  CallRequest& request = entry.request;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    switch (field) {
      case 1: request.service = body.text(); break;
      case 2: request.handler = body.text(); break;
      case 3: request.parameter = body.raw(); break;
      case 4: entry.invoke_time.ms = body.reader.varint(); break;
      case 5: body.add_header(request.headers); break;
      case 6: request.key = body.text(); break;
      case 7: request.idempotency_key = body.text(); break;
      case 8: request.scope = body.text(); break;
      case 9: request.limit_key = body.text(); break;
      case 10: entry.invocation_id_completion.value = body.reader.uint32(); break;
      default: break;
    }
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_send_signal(EntryType type, Body& body) {
  SendSignalEntry entry;
  bool has_result = false;
  require(body, "signal or result");
  bool has_signal = false;
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    switch (field) {
      case 1: entry.target = body.text(); break;
      case 2: entry.signal = SignalIndex{body.reader.uint32()}; has_signal = true; break;
      case 3: entry.signal = SignalName{body.text()}; has_signal = true; break;
      case 4: entry.result = Void{}; has_result = true; break;
      case 5: entry.result = body.value(); has_result = true; break;
      case 6: entry.result = body.failure(); has_result = true; break;
      default: break;
    }
    body.complete = has_signal && has_result;
  }));
  return EntryContent(std::move(entry));
}

bool decode_workflow(std::string_view message, WorkflowRef& target) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) target.workflow = reader.text();
    if (reader.field() == 2) target.key = reader.text();
    if (reader.field() == 3) target.scope = reader.text();
  }
  return !reader.failed();
}

bool decode_idempotent(std::string_view message, IdempotentRef& target) {
  ProtoReader reader(message);
  while (reader.next()) {
    switch (reader.field()) {
      case 1: target.service = reader.text(); break;
      case 2: target.key = reader.text(); break;
      case 3: target.handler = reader.text(); break;
      case 4: target.idempotency_key = reader.text(); break;
      case 5: target.scope = reader.text(); break;
      default: break;
    }
  }
  return !reader.failed();
}

template <class Entry>
Result<EntryContent> read_reference(EntryType type, Body& body) {
  Entry entry;
  require(body, "target");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.target = body.text();
    if (field == 3) {
      IdempotentRef target;
      if (!decode_idempotent(body.reader.bytes(), target)) body.reader.fail();
      entry.target = std::move(target);
    }
    if (field == 4) {
      WorkflowRef target;
      if (!decode_workflow(body.reader.bytes(), target)) body.reader.fail();
      entry.target = std::move(target);
    }
    if (field == 1 || field == 3 || field == 4) body.complete = true;
    if (field == kCompletionField) entry.completion.value = body.reader.uint32();
  }));
  return EntryContent(std::move(entry));
}

Result<EntryContent> read_complete_awakeable(EntryType type, Body& body) {
  CompleteAwakeableEntry entry;
  require(body, "result");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    if (field == 1) entry.id = body.text();
    if (field == 2) entry.result = body.value();
    if (field == 3) entry.result = body.failure();
    if (field == 2 || field == 3) body.complete = true;
  }));
  return EntryContent(std::move(entry));
}

/// All notifications are instances of one template (service-protocol 8.4).
Result<EntryContent> read_notification(EntryType type, Body& body) {
  Notification notification;
  notification.type = type;
  bool has_id = false;
  bool has_result = false;
  require(body, "id or result");
  RESTATE_TRY_VOID(read(type, body, [&](std::uint32_t field) {
    switch (field) {
      case 1: notification.id = CompletionId{body.reader.uint32()}; has_id = true; break;
      case 2: notification.id = SignalIndex{body.reader.uint32()}; has_id = true; break;
      case 3: notification.id = SignalName{body.text()}; has_id = true; break;
      case 4: notification.result = Void{}; has_result = true; break;
      case 5: notification.result = body.value(); has_result = true; break;
      case 6: notification.result = body.failure(); has_result = true; break;
      case 16: {
        auto id = InvocationId::parse(body.reader.text());
        if (id) {
          notification.result = *id;
        } else {
          body.reader.fail();
        }
        has_result = true;
        break;
      }
      case 17: notification.result = body.state_keys(); has_result = true; break;
      default: break;
    }
    body.complete = has_id && has_result;
  }));
  return EntryContent(std::move(notification));
}

}  // namespace

Result<void> check_get_eager_state_keys(const Bytes& bytes) {
  Body body(bytes);
  return read(EntryType::kGetEagerStateKeys, body, [&](std::uint32_t field) {
    if (field == 14) body.check_state_keys();
  });
}

Result<EntryContent> decode_entry(EntryType type, const Bytes& bytes) {
  Body body(bytes);
  if (is_notification(type)) return read_notification(type, body);
  switch (type) {
    case EntryType::kInput: return read_input(type, body);
    case EntryType::kOutput: return read_output(type, body);
    case EntryType::kGetLazyState: return read_keyed<GetLazyStateEntry>(type, body);
    case EntryType::kSetState: return read_set_state(type, body);
    case EntryType::kClearState: return read_keyed<ClearStateEntry>(type, body);
    case EntryType::kClearAllState: return read_keyed<ClearAllStateEntry>(type, body);
    case EntryType::kGetLazyStateKeys: return read_keyed<GetLazyStateKeysEntry>(type, body);
    case EntryType::kGetEagerState: return read_get_eager_state(type, body);
    case EntryType::kGetEagerStateKeys: return read_get_eager_state_keys(type, body);
    case EntryType::kGetPromise: return read_keyed<GetPromiseEntry>(type, body);
    case EntryType::kPeekPromise: return read_keyed<PeekPromiseEntry>(type, body);
    case EntryType::kCompletePromise: return read_complete_promise(type, body);
    case EntryType::kSleep: return read_sleep(type, body);
    case EntryType::kCall: return read_call(type, body);
    case EntryType::kOneWayCall: return read_one_way_call(type, body);
    case EntryType::kSendSignal: return read_send_signal(type, body);
    case EntryType::kRun: return read_keyed<RunEntry>(type, body);
    case EntryType::kAttachInvocation: return read_reference<AttachInvocationEntry>(type, body);
    case EntryType::kGetInvocationOutput: return read_reference<GetInvocationOutputEntry>(type, body);
    case EntryType::kCompleteAwakeable: return read_complete_awakeable(type, body);
    case EntryType::kGetLazyStateCompletion:
    case EntryType::kGetLazyStateKeysCompletion:
    case EntryType::kGetPromiseCompletion:
    case EntryType::kPeekPromiseCompletion:
    case EntryType::kCompletePromiseCompletion:
    case EntryType::kSleepCompletion:
    case EntryType::kCallCompletion:
    case EntryType::kCallInvocationIdCompletion:
    case EntryType::kRunCompletion:
    case EntryType::kAttachInvocationCompletion:
    case EntryType::kGetInvocationOutputCompletion:
    case EntryType::kSignalNotification:
      break;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::wire
