#include "common/trace.h"

#include <algorithm>

namespace restate::trace {
namespace {

void append_hex(std::string& out, std::uint64_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out.push_back(kDigits[value >> (4 * i) & 0xf]);
}

/// Lower case only, as the standard has it.
bool read_hex(std::string_view text, std::uint64_t& value) {
  value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) return false;
    value = value << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return true;
}

/// More than the standard asks anybody to pass on.
constexpr std::size_t kMostStateBytes = 1024;

/// It becomes a header of every request to a deployment, and may come from where headers are of any
/// size and hold anything, such as records of Kafka.
bool may_pass(std::string_view state) {
  return state.size() <= kMostStateBytes &&
         std::all_of(state.begin(), state.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string TraceId::hex() const {
  std::string text;
  append_hex(text, high, 16);
  append_hex(text, low, 16);
  return text;
}

std::string SpanId::hex() const {
  std::string text;
  append_hex(text, value, 16);
  return text;
}

std::string Context::traceparent() const {
  std::string text = "00-";
  text.reserve(55);
  append_hex(text, trace.high, 16);
  append_hex(text, trace.low, 16);
  text.push_back('-');
  append_hex(text, span.value, 16);
  return text.append(sampled ? "-01" : "-00");
}

std::optional<Context> parse(std::string_view text, std::string_view tracestate) {
  constexpr std::size_t kLength = 55;  // of version 00
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  std::uint64_t version = 0, flags = 0;
  Context context;
  if (!read_hex(text.substr(0, 2), version) || version == 0xff ||
      !read_hex(text.substr(3, 16), context.trace.high) ||
      !read_hex(text.substr(19, 16), context.trace.low) ||
      !read_hex(text.substr(36, 16), context.span.value) || !read_hex(text.substr(53, 2), flags)) {
    return {};
  }
  if (text.size() > kLength && (version == 0 || text[kLength] != '-')) return {};
  if (context.trace == TraceId{} || !context.span) return {};
  context.sampled = (flags & 1) != 0;
  if (may_pass(tracestate)) context.state = tracestate;
  return context;
}

SpanId span_of(const InvocationId& invocation) {
  const std::uint64_t low = invocation.uuid.low();
  return {low != 0 ? low : 1};  // zero would mean that there is none
}

Context root_of(const InvocationId& invocation, bool sampled) {
  Context context;
  context.trace = {invocation.uuid.high(), invocation.uuid.low()};
  if (context.trace == TraceId{}) context.trace.low = 1;
  context.span = span_of(invocation);
  context.sampled = sampled;
  return context;
}

}  // namespace restate::trace
