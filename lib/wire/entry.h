#pragma once

/// \file
/// Reading and writing the bodies of journal entries: the protobuf messages of the service
/// protocol. Decoding keeps slices of the body; nothing is copied that need not be.

#include <restate/result.h>
#include <restate/wire/journal.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace restate::wire {

struct InputEntry { std::vector<Header> headers; Bytes value; };
struct OutputEntry { InvocationResult result; };
struct GetLazyStateEntry { Bytes key; CompletionId completion; };
struct SetStateEntry { Bytes key; Bytes value; };
struct ClearStateEntry { Bytes key; };
struct ClearAllStateEntry {};
struct GetLazyStateKeysEntry { CompletionId completion; };
struct GetEagerStateEntry { Bytes key; std::optional<Bytes> value; };
struct GetEagerStateKeysEntry { StateKeys keys; };
struct GetPromiseEntry { std::string key; CompletionId completion; };
struct PeekPromiseEntry { std::string key; CompletionId completion; };
struct CompletePromiseEntry { std::string key; InvocationResult value; CompletionId completion; };
struct SleepEntry { WallTime wake_up; CompletionId completion; };
struct CallRequest {
  std::string service, handler, key;
  Bytes parameter;
  std::vector<Header> headers;
  std::optional<std::string> idempotency_key, scope, limit_key;
};
struct CallEntry { CallRequest request; CompletionId invocation_id_completion, completion; };
struct OneWayCallEntry { CallRequest request; WallTime invoke_time; CompletionId invocation_id_completion; };
struct SendSignalEntry {
  std::string target;  ///< an invocation id as text
  std::variant<SignalIndex, SignalName> signal;
  std::variant<Void, Bytes, Failure> result;
};
struct RunEntry { CompletionId completion; };
struct WorkflowRef { std::string workflow, key; std::optional<std::string> scope; };
struct IdempotentRef {
  std::string service, handler, idempotency_key;
  std::optional<std::string> key, scope;
};
using InvocationRef = std::variant<std::string, WorkflowRef, IdempotentRef>;
struct AttachInvocationEntry { InvocationRef target; CompletionId completion; };
struct GetInvocationOutputEntry { InvocationRef target; CompletionId completion; };
struct CompleteAwakeableEntry { std::string id; InvocationResult result; };

using EntryContent =
    std::variant<InputEntry, OutputEntry, GetLazyStateEntry, SetStateEntry, ClearStateEntry,
                 ClearAllStateEntry, GetLazyStateKeysEntry, GetEagerStateEntry,
                 GetEagerStateKeysEntry, GetPromiseEntry, PeekPromiseEntry, CompletePromiseEntry,
                 SleepEntry, CallEntry, OneWayCallEntry, SendSignalEntry, RunEntry,
                 AttachInvocationEntry, GetInvocationOutputEntry, CompleteAwakeableEntry,
                 Notification>;

/// Decodes a body. Payloads are slices of it. `kInvalidArgument`: not such a message, and why.
Result<EntryContent> decode_entry(EntryType type, const Bytes& body);
/// What `decode_entry` would say of a list of state keys, without making it: a million of them in
/// memory are many times the message.
Result<void> check_get_eager_state_keys(const Bytes& body);

/// Encodes a notification or a command, canonically: fields in the order of their numbers. `name` is
/// the entry's name; notifications have none.
Bytes encode_entry(EntryType type, const EntryContent& content, std::string_view name = {});
Bytes encode_notification(const Notification& notification);

/// The entry's name (field 12 of commands); empty if it has none.
std::string entry_name(EntryType type, const Bytes& body);

/// The id of the invocation that an attach or output command means. `kInvalidArgument`: a text that
/// is no id.
Result<InvocationId> resolve(const InvocationRef& reference);

}  // namespace restate::wire
