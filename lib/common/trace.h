#pragma once

/// \file
/// Traces: what users see of an invocation in their own tools. A span is a thing that took some time;
/// spans of one trace hang together by their ids (W3C trace context). Who makes spans gives them to a
/// sink and forgets them.

#include <restate/function.h>
#include <restate/ids.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace restate {
class MetricsSnapshot;
}

namespace restate::trace {

struct TraceId {
  std::uint64_t high = 0, low = 0;
  /// 32 digits.
  std::string hex() const;
  bool operator==(const TraceId&) const = default;
};

struct SpanId {
  std::uint64_t value = 0;  ///< 0: none
  /// 16 digits.
  std::string hex() const;
  explicit operator bool() const { return value != 0; }
  bool operator==(const SpanId&) const = default;
};

/// What one party tells the next one about the span it is in.
struct Context {
  TraceId trace;
  SpanId span;
  bool sampled = false;  ///< somebody keeps this trace; of others nobody wants spans
  std::string state;     ///< `tracestate`, passed on as it came

  /// `00-<trace>-<span>-01`
  std::string traceparent() const;
  bool operator==(const Context&) const = default;
};

/// Nothing unless `traceparent` is well formed: version 00 has nothing behind the flags, later ones
/// may; ids are not zero. A `tracestate` that is long, or could not be a header, is left out.
std::optional<Context> parse(std::string_view traceparent, std::string_view tracestate);

/// The span that stands for an invocation. A function of the id, so that any node can name it.
SpanId span_of(const InvocationId& invocation);
/// The context of an invocation that begins a trace of its own.
Context root_of(const InvocationId& invocation, bool sampled);

struct Attribute {
  std::string key;
  std::variant<std::string, std::int64_t, bool> value;
  bool operator==(const Attribute&) const = default;
};

struct Event {
  std::string name;
  std::uint64_t at_ns = 0;
  std::vector<Attribute> attributes;
  bool operator==(const Event&) const = default;
};

/// To a span of another trace.
struct Link {
  TraceId trace;
  SpanId span;
  std::string state;
  std::vector<Attribute> attributes;
  bool operator==(const Link&) const = default;
};

struct Span {
  enum class Status : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

  std::string name;
  Context context;
  SpanId parent;
  std::uint64_t start_ns = 0, end_ns = 0;  ///< since 1970
  std::vector<Attribute> attributes;
  std::vector<Event> events;
  std::vector<Link> links;
  Status status = Status::kUnset;
  std::string message;  ///< of an error
  bool operator==(const Span&) const = default;

  void add(std::string_view key, std::string value) {
    attributes.push_back({std::string(key), std::move(value)});
  }
  void add(std::string_view key, std::int64_t value) {
    attributes.push_back({std::string(key), value});
  }
};

/// Takes the spans of one shard, on it.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Since 1970, as spans say it.
  virtual std::uint64_t now_ns() = 0;
  /// Never waits. What finds no room is dropped, and counted.
  virtual void emit(Span span) = 0;
  /// Adds what became of the spans.
  virtual void collect(MetricsSnapshot& out) { static_cast<void>(out); }
  /// No more spans are worth waiting for. Tries for a moment to get rid of those it has; `done` may
  /// run within the call.
  virtual void close(Function<void()> done) { done(); }
};

}  // namespace restate::trace
