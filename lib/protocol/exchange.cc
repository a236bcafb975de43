#include "protocol/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace restate::protocol {
namespace {

constexpr std::string_view kInvocationType = "application/vnd.restate.invocation.v";

bool is_header_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte < 0x7F);
  });
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
std::int64_t days_since_epoch(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/// The words of `Sat, 21 Nov 2026 18:52:47 GMT`, the weekday left out.
std::vector<std::string_view> words(std::string_view text) {
  if (const auto comma = text.find(','); comma != std::string_view::npos) text.remove_prefix(comma + 1);
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find(' ', start), text.size());
    result.push_back(text.substr(start, end - start));
    text.remove_prefix(end);
  }
  return result;
}

/// `GMT`, `UT`, `Z` or `+0200`, in minutes east of Greenwich.
std::optional<std::int64_t> zone_minutes(std::string_view zone) {
  if (zone == "GMT" || zone == "UT" || zone == "UTC" || zone == "Z") return 0;
  if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-')) return {};
  const auto hours = number(zone.substr(1, 2));
  const auto minutes = number(zone.substr(3, 2));
  if (!hours || !minutes || *minutes > 59 || *hours > 23) return {};
  const auto total = static_cast<std::int64_t>(*hours * 60 + *minutes);
  return zone[0] == '-' ? -total : total;
}

std::optional<std::int64_t> parse_date_seconds(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto parts = words(text);
  if (parts.size() != 5) return {};
  const auto day = number(parts[0]);
  const auto month = std::find(kMonths.begin(), kMonths.end(), parts[1]);
  const auto year = number(parts[2]);
  const std::string_view clock = parts[3];
  const auto zone = zone_minutes(parts[4]);
  if (!day || *day < 1 || *day > 31 || month == kMonths.end() || !year || *year > 9999 || !zone) return {};
  if (clock.size() != 8 || clock[2] != ':' || clock[5] != ':') return {};
  const auto hours = number(clock.substr(0, 2));
  const auto minutes = number(clock.substr(3, 2));
  const auto seconds = number(clock.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return {};
  const std::int64_t days = days_since_epoch(static_cast<std::int64_t>(*year),
                                             month - kMonths.begin() + 1,
                                             static_cast<std::int64_t>(*day));
  return days * 86400 + static_cast<std::int64_t>(*hours * 3600 + *minutes * 60 + *seconds) -
         *zone * 60;
}

/// The code for a status that is not 2xx.
DocCode code_of_status(int status) {
  switch (status) {
    case 502:
    case 504:
      return DocCode::kNetwork;
    case 429:
    case 503:
      return DocCode::kRateLimited;
    case 415:
      return DocCode::kVersionRejected;
    case 413:
      return DocCode::kPayloadTooLarge;
    default:
      return DocCode::kProtocolViolation;
  }
}

}  // namespace

std::optional<std::uint16_t> negotiate(std::int32_t min, std::int32_t max, bool v7_enabled) {
  const std::int32_t highest = std::min(max, v7_enabled ? kMaxProtocol : kDefaultMaxProtocol);
  if (highest < min || highest < kMinProtocol) return {};
  return static_cast<std::uint16_t>(highest);
}

bool supports_pinned(std::uint16_t protocol) {
  return protocol >= kMinProtocol && protocol <= kMaxProtocol;
}

std::string invocation_content_type(std::uint16_t protocol) {
  return std::string(kInvocationType) + std::to_string(protocol);
}

std::optional<std::uint16_t> protocol_of_content_type(std::string_view content_type) {
  if (content_type.substr(0, kInvocationType.size()) != kInvocationType) return {};
  const auto version = number(content_type.substr(kInvocationType.size()));
  if (!version || *version == 0 || *version > 0xFFFF) return {};
  return static_cast<std::uint16_t>(*version);
}

std::string invoke_path(std::string_view service, std::string_view handler) {
  std::string path = "/invoke/";
  return path.append(service).append("/").append(handler);
}

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
                       byte == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 0xF]);
    }
  }
  return out;
}

std::vector<wire::Header> invoke_headers(std::uint16_t protocol, const InvocationId& id,
                                         const wire::InvocationTarget& target,
                                         const wire::SpanContext& span) {
  std::vector<wire::Header> headers;
  headers.reserve(6);
  const std::string type = invocation_content_type(protocol);
  headers.push_back({"content-type", type});
  headers.push_back({"accept", type});
  headers.push_back({"x-restate-invocation-id", id.str()});
  if (target.keyed()) headers.push_back({"x-restate-service-key", percent_encode(target.key)});
  if (!span.traceparent.empty()) {
    headers.push_back({"traceparent", span.traceparent});
    headers.push_back({"tracestate", span.tracestate});
  }
  return headers;
}

std::string_view discover_accept() {
  return "application/vnd.restate.endpointmanifest.v1+json, "
         "application/vnd.restate.endpointmanifest.v2+json, "
         "application/vnd.restate.endpointmanifest.v3+json, "
         "application/vnd.restate.endpointmanifest.v4+json";
}

std::optional<std::uint64_t> parse_retry_after(std::string_view text, WallTime now) {
  if (const auto seconds = number(text)) {
    if (*seconds > UINT64_MAX / 1000) return {};
    return *seconds * 1000;
  }
  const auto at = parse_date_seconds(text);
  if (!at || *at < 0) return {};
  const WallTime when{static_cast<std::uint64_t>(*at) * 1000};
  if (when <= now) return {};
  return when.ms_since(now);
}

HeadVerdict judge_head(const ResponseHeadView& head, std::uint16_t protocol, WallTime now) {
  HeadVerdict verdict;
  if (head.server) {
    if (!is_header_text(*head.server)) {
      verdict.code = DocCode::kProtocolViolation;
      verdict.message = "bad header x-restate-server: not a text";
      return verdict;
    }
    verdict.server = std::string(*head.server);
  }
  if (head.status < 200 || head.status > 299) {
    verdict.code = code_of_status(head.status);
    verdict.message = "unexpected http status code: " + std::to_string(head.status);
    if (head.status == 415) verdict.invocation_code = 415;
    if (verdict.code == DocCode::kRateLimited && head.retry_after) {
      verdict.retry_after_ms = parse_retry_after(*head.retry_after, now);
    }
    return verdict;
  }
  const std::string expected = invocation_content_type(protocol);
  if (head.content_type != expected) {
    verdict.code = DocCode::kProtocolViolation;
    verdict.message = "unexpected content type '" + std::string(head.content_type.value_or("")) +
                      "', expected '" + expected + "'";
  }
  return verdict;
}

}  // namespace restate::protocol
