#include "protocol/doc_codes.h"

#include <restate/assert.h>

namespace restate::protocol {

std::string_view to_string(DocCode code) {
  switch (code) {
    case DocCode::kNone: return "";
    case DocCode::kAborted: return "RT0001";
    case DocCode::kMessageTooLarge: return "RT0003";
    case DocCode::kStorage: return "RT0006";
    case DocCode::kSdkError: return "RT0007";
    case DocCode::kNetwork: return "RT0010";
    case DocCode::kNoDeployment: return "RT0011";
    case DocCode::kProtocolViolation: return "RT0012";
    case DocCode::kNoCommonVersion: return "RT0013";
    case DocCode::kPinnedVersion: return "RT0014";
    case DocCode::kVersionRejected: return "RT0015";
    case DocCode::kJournalMismatch: return "RT0016";
    case DocCode::kPrecondition: return "RT0017";
    case DocCode::kUnknownTarget: return "RT0018";
    case DocCode::kPayloadTooLarge: return "RT0019";
    case DocCode::kDeprecatedTarget: return "RT0020";
    case DocCode::kInactivityIgnored: return "RT0021";
    case DocCode::kRetentionClamped: return "RT0022";
    case DocCode::kRateLimited: return "RT0023";
    case DocCode::kScope: return "RT0024";
    case DocCode::kFutureTooDeep: return "RT0025";
    case DocCode::kDiscoveryFailed: return "META0003";
    case DocCode::kReservedName: return "META0005";
    case DocCode::kIncompatibleChange: return "META0006";
    case DocCode::kBadSubscription: return "META0009";
    case DocCode::kNoCommonManifest: return "META0012";
    case DocCode::kBadManifest: return "META0013";
    case DocCode::kEndpointSpeaksHttp1: return "META0014";
    case DocCode::kBidiUnsupported: return "META0015";
    case DocCode::kUpdateTooDifferent: return "META0016";
    case DocCode::kAmbiguousDeployment: return "META0017";
  }
  RESTATE_UNREACHABLE();
}

DocCode doc_code_of_sdk_error(std::uint32_t code) {
  if (code == kSdkJournalMismatch) return DocCode::kJournalMismatch;
  if (code == kSdkProtocolViolation) return DocCode::kProtocolViolation;
  return DocCode::kSdkError;
}

}  // namespace restate::protocol
