#include <restate/wire/journal.h>

#include <restate/assert.h>

namespace restate::wire {

bool is_known_entry(std::uint16_t code) {
  if (code >= 0x0400 && code <= 0x0414) return code != 0x040F;  // 0x040F was never given out
  switch (code) {
    case 0x8002:
    case 0x8006:
    case 0x8009:
    case 0x800A:
    case 0x800B:
    case 0x800C:
    case 0x800D:
    case 0x800E:
    case 0x8011:
    case 0x8012:
    case 0x8013:
    case 0xFBFF:
      return true;
    default:
      return false;
  }
}

std::string_view entry_type_name(EntryType type) {
  switch (type) {
    case EntryType::kInput: return "Command: Input";
    case EntryType::kOutput: return "Command: Output";
    case EntryType::kGetLazyState: return "Command: GetLazyState";
    case EntryType::kSetState: return "Command: SetState";
    case EntryType::kClearState: return "Command: ClearState";
    case EntryType::kClearAllState: return "Command: ClearAllState";
    case EntryType::kGetLazyStateKeys: return "Command: GetLazyStateKeys";
    case EntryType::kGetEagerState: return "Command: GetEagerState";
    case EntryType::kGetEagerStateKeys: return "Command: GetEagerStateKeys";
    case EntryType::kGetPromise: return "Command: GetPromise";
    case EntryType::kPeekPromise: return "Command: PeekPromise";
    case EntryType::kCompletePromise: return "Command: CompletePromise";
    case EntryType::kSleep: return "Command: Sleep";
    case EntryType::kCall: return "Command: Call";
    case EntryType::kOneWayCall: return "Command: OneWayCall";
    case EntryType::kSendSignal: return "Command: SendSignal";
    case EntryType::kRun: return "Command: Run";
    case EntryType::kAttachInvocation: return "Command: AttachInvocation";
    case EntryType::kGetInvocationOutput: return "Command: GetInvocationOutput";
    case EntryType::kCompleteAwakeable: return "Command: CompleteAwakeable";
    case EntryType::kGetLazyStateCompletion: return "Notification: GetLazyState";
    case EntryType::kGetLazyStateKeysCompletion: return "Notification: GetLazyStateKeys";
    case EntryType::kGetPromiseCompletion: return "Notification: GetPromise";
    case EntryType::kPeekPromiseCompletion: return "Notification: PeekPromise";
    case EntryType::kCompletePromiseCompletion: return "Notification: CompletePromise";
    case EntryType::kSleepCompletion: return "Notification: Sleep";
    case EntryType::kCallCompletion: return "Notification: Call";
    case EntryType::kCallInvocationIdCompletion: return "Notification: CallInvocationId";
    case EntryType::kRunCompletion: return "Notification: Run";
    case EntryType::kAttachInvocationCompletion: return "Notification: AttachInvocation";
    case EntryType::kGetInvocationOutputCompletion: return "Notification: GetInvocationOutput";
    case EntryType::kSignalNotification: return "Notification: Signal";
  }
  RESTATE_UNREACHABLE();
}

std::string_view code_name(std::uint32_t code) {
  switch (code) {
    case 400: return "Bad request";
    case 404: return "Not found";
    case 409: return "Aborted";
    case 410: return "Gone";
    case 415: return "Unsupported media type";
    case 470: return "Not ready";
    case 500: return "Internal";
    case 570: return "Journal mismatch";
    case 571: return "Protocol violation";
    case 572: return "Awaiting two async results";
    case 573: return "Unsupported feature";
    default: return {};
  }
}

std::string_view combinator_name(Combinator combinator) {
  switch (combinator) {
    case Combinator::kUnknown: return "Unknown";
    case Combinator::kFirstCompleted: return "FirstCompleted";
    case Combinator::kAllCompleted: return "AllCompleted";
    case Combinator::kFirstSucceededOrAllFailed: return "FirstSucceededOrAllFailed";
    case Combinator::kAllSucceededOrFirstFailed: return "AllSucceededOrFirstFailed";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::wire
