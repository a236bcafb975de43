#pragma once

/// \file
/// The journal of an invocation: an append-only list of commands and notifications. Bodies are the
/// protobuf messages of the service protocol, kept byte for byte so that a replay sends what was
/// recorded.

#include <restate/wire/invocation.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::wire {

/// Type codes of the service protocol (docs/formats/protocol.md); also those of stored entries.
enum class EntryType : std::uint16_t {
  kInput = 0x0400, kOutput = 0x0401,
  kGetLazyState = 0x0402, kSetState = 0x0403, kClearState = 0x0404, kClearAllState = 0x0405,
  kGetLazyStateKeys = 0x0406, kGetEagerState = 0x0407, kGetEagerStateKeys = 0x0408,
  kGetPromise = 0x0409, kPeekPromise = 0x040A, kCompletePromise = 0x040B,
  kSleep = 0x040C, kCall = 0x040D, kOneWayCall = 0x040E, kSendSignal = 0x0410, kRun = 0x0411,
  kAttachInvocation = 0x0412, kGetInvocationOutput = 0x0413, kCompleteAwakeable = 0x0414,
  kGetLazyStateCompletion = 0x8002, kGetLazyStateKeysCompletion = 0x8006,
  kGetPromiseCompletion = 0x8009, kPeekPromiseCompletion = 0x800A,
  kCompletePromiseCompletion = 0x800B, kSleepCompletion = 0x800C, kCallCompletion = 0x800D,
  kCallInvocationIdCompletion = 0x800E, kRunCompletion = 0x8011,
  kAttachInvocationCompletion = 0x8012, kGetInvocationOutputCompletion = 0x8013,
  kSignalNotification = 0xFBFF,
};

/// True for the codes above; the journal holds nothing else.
bool is_known_entry(std::uint16_t code);
/// What code asked for.
inline bool is_command(EntryType type) { return (static_cast<std::uint16_t>(type) & 0x8000) == 0; }
inline bool is_notification(EntryType type) { return !is_command(type); }  ///< what came back
/// `Command: Run`, `Notification: Sleep`, ... as SQL and messages show it.
std::string_view entry_type_name(EntryType type);
/// What errors and SQL show beside a failure's code: `Aborted` for 409; empty for a code without a
/// name.
std::string_view code_name(std::uint32_t code);

/// Counts the results that commands of one invocation wait for; given by the SDK.
struct CompletionId {
  std::uint32_t value = 0;  ///< within one invocation
  auto operator<=>(const CompletionId&) const = default;
};
/// A signal by number: 1 cancels, awakeables have 17 and more, given by the SDK.
struct SignalIndex {
  std::uint32_t value = 0;  ///< within one invocation
  auto operator<=>(const SignalIndex&) const = default;
};
/// Asks the code to stop and clean up.
inline constexpr SignalIndex kCancelSignal{1};
/// A signal by name: any text.
struct SignalName {
  std::string value;  ///< UTF-8
  auto operator<=>(const SignalName&) const = default;
};

/// What a notification answers. Ordered: completions, signals by index, signals by name.
using NotificationId = std::variant<CompletionId, SignalIndex, SignalName>;

struct Void {
  bool operator==(const Void&) const = default;
};
/// The answer to a question for all keys of a state.
struct StateKeys {
  std::vector<Bytes> keys;  ///< sorted
  bool operator==(const StateKeys&) const = default;
};
/// What a notification brings.
using NotificationResult = std::variant<Void, Bytes, Failure, InvocationId, StateKeys>;

/// A notification before it is encoded. For completions `type` says which command it answers.
struct Notification {
  EntryType type = EntryType::kSignalNotification;  ///< of the command it answers, or a signal
  NotificationId id;                                ///< whom it is for
  NotificationResult result;                        ///< what it brings
  bool operator==(const Notification&) const = default;
};

/// What the proposer of a Call or OneWayCall has resolved, stored beside the command.
struct CallInfo {
  InvocationId callee;      ///< the invocation that is called
  InvocationTarget target;  ///< what it runs
  Retention retention;      ///< of its results
  SpanContext span;         ///< of the caller's attempt
  bool operator==(const CallInfo&) const = default;
};

/// One stored entry. `body` is the protobuf message without its frame header.
struct JournalEntry {
  EntryType type = EntryType::kInput;  ///< what kind of command or notification
  WallTime appended_at;  ///< when its record was
  Bytes body;  ///< a message of the service protocol (docs/formats/protocol.md)
  std::optional<CallInfo> call;  ///< of calls only
  bool operator==(const JournalEntry&) const = default;
};

/// How the children of an await node combine (numbers of protocol 7).
enum class Combinator : std::uint8_t {
  kUnknown = 0, kFirstCompleted = 1, kAllCompleted = 2,
  kFirstSucceededOrAllFailed = 3, kAllSucceededOrFirstFailed = 4,
};
/// `FirstCompleted`, ... as SQL and messages show it.
std::string_view combinator_name(Combinator combinator);

/// What a suspended invocation waits for. Protocols 5 and 6 make one `kUnknown` node of leaves.
struct AwaitTree {
  Combinator combinator = Combinator::kUnknown;  ///< of the direct children
  std::vector<NotificationId> leaves;            ///< what is waited for
  std::vector<AwaitTree> nested;                 ///< trees that count as one child each
  bool operator==(const AwaitTree&) const = default;
};

/// Something worth showing to people that is no step of the code: a failed attempt, a pause.
struct JournalEvent {
  /// What happened. Numbers are stored.
  enum class Type : std::uint8_t { kTransientError = 1, kPaused = 2, kSuspended = 3 };
  Type type = Type::kTransientError;  ///< what happened
  Bytes json;                         ///< the body as SQL shows it, `ty` included
  bool operator==(const JournalEvent&) const = default;
};

}  // namespace restate::wire

#pragma GCC visibility pop
