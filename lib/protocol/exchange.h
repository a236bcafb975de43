#pragma once

/// \file
/// The HTTP around the frames: which version is spoken, what a request says of itself, and what the
/// head of a response means before a single frame is read.

#include "protocol/doc_codes.h"

#include <restate/ids.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::protocol {

/// What the engine can speak. 7 only behind a flag.
inline constexpr std::int32_t kMinProtocol = 5;
inline constexpr std::int32_t kMaxProtocol = 7;
inline constexpr std::int32_t kDefaultMaxProtocol = 6;

/// The version for a new invocation on a deployment that knows [min, max]. Nothing: RT0013.
std::optional<std::uint16_t> negotiate(std::int32_t min, std::int32_t max, bool v7_enabled);
/// True if an invocation that is pinned to this version can go on; false: RT0014.
bool supports_pinned(std::uint16_t protocol);

/// `application/vnd.restate.invocation.v6`
std::string invocation_content_type(std::uint16_t protocol);
/// The version in such a content type.
std::optional<std::uint16_t> protocol_of_content_type(std::string_view content_type);

/// `/invoke/{service}/{handler}`
std::string invoke_path(std::string_view service, std::string_view handler);
inline constexpr std::string_view kDiscoverPath = "/discover";

/// Keeps `A-Z a-z 0-9 - . _ ~`; everything else becomes `%XX`.
std::string percent_encode(std::string_view text);

/// The headers of an attempt that belong to the invocation, in the order of 2.3. The way to the
/// deployment adds its own behind them.
std::vector<wire::Header> invoke_headers(std::uint16_t protocol, const InvocationId& id,
                                         const wire::InvocationTarget& target,
                                         const wire::SpanContext& span);
/// `accept` of a discovery request: every manifest version, in ascending order.
std::string_view discover_accept();

/// What the head of a response means.
struct HeadVerdict {
  DocCode code = DocCode::kNone;  ///< `kNone`: frames follow
  std::string message;
  /// The code an invocation fails with if this was its last attempt.
  std::uint32_t invocation_code = 500;
  /// From `retry-after`: overrides the next delay.
  std::optional<std::uint64_t> retry_after_ms;
  /// `x-restate-server`, whatever the verdict.
  std::optional<std::string> server;
};

/// The parts of a head that matter; names are lower case.
struct ResponseHeadView {
  int status = 0;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> server;
  std::optional<std::string_view> retry_after;
};

/// Section 2.4 and 2.5. `now` is for dates in `retry-after`.
HeadVerdict judge_head(const ResponseHeadView& head, std::uint16_t protocol, WallTime now);

/// Seconds, or a date of RFC 2822 or of HTTP. Nothing: in the past, or no such thing.
std::optional<std::uint64_t> parse_retry_after(std::string_view text, WallTime now);

}  // namespace restate::protocol
