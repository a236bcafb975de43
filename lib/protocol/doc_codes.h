#pragma once

/// \file
/// The codes under which users find an error in the documentation: `RT0012`, `META0003`. They appear
/// in messages, in the admin API and in SQL (service-protocol 12.2).

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::protocol {

enum class DocCode : std::uint8_t {
  kNone,
  kAborted,               ///< RT0001: abort timeout, or one invocation took too much memory
  kMessageTooLarge,       ///< RT0003
  kStorage,               ///< RT0006: journal or state could not be read
  kSdkError,              ///< RT0007: the SDK said so, or its stream ended without a terminator
  kNetwork,               ///< RT0010: connect, reset, 502, 504
  kNoDeployment,          ///< RT0011
  kProtocolViolation,     ///< RT0012
  kNoCommonVersion,       ///< RT0013
  kPinnedVersion,         ///< RT0014: the version of the pinned deployment is not supported
  kVersionRejected,       ///< RT0015: the endpoint answered 415
  kJournalMismatch,       ///< RT0016: SDK error 570
  kPrecondition,          ///< RT0017: a command that is not allowed here
  kUnknownTarget,         ///< RT0018: called service or handler unknown
  kPayloadTooLarge,       ///< RT0019: the endpoint answered 413
  kDeprecatedTarget,      ///< RT0020: called service only behind a protocol nobody speaks any more
  kInactivityIgnored,     ///< RT0021: registration warning
  kRetentionClamped,      ///< RT0022: registration warning
  kRateLimited,           ///< RT0023: 429, 503
  kScope,                 ///< RT0024: wrong use of scope or limit key
  kFutureTooDeep,         ///< RT0025
  kDiscoveryFailed,       ///< META0003
  kReservedName,          ///< META0005
  kIncompatibleChange,    ///< META0006
  kBadSubscription,       ///< META0009
  kNoCommonManifest,      ///< META0012: no common protocol version at discovery
  kBadManifest,           ///< META0013
  kEndpointSpeaksHttp1,   ///< META0014
  kBidiUnsupported,       ///< META0015
  kUpdateTooDifferent,    ///< META0016
  kAmbiguousDeployment,   ///< META0017
};

/// `RT0012`; empty for `kNone`.
std::string_view to_string(DocCode code);

/// Why an attempt or a discovery failed, as people will read it.
struct ProtocolError {
  DocCode code = DocCode::kNone;
  std::string message;
  bool operator==(const ProtocolError&) const = default;
};

/// Codes in `ErrorMessage.code` that mean more than an HTTP status would (12.1).
inline constexpr std::uint32_t kSdkJournalMismatch = 570;
inline constexpr std::uint32_t kSdkProtocolViolation = 571;

/// The documentation's code for an error that an SDK reported.
DocCode doc_code_of_sdk_error(std::uint32_t code);

}  // namespace restate::protocol
