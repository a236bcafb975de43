#pragma once

// A sink that keeps its spans, on a clock that ticks with every look.

#include "common/trace.h"

#include <string>
#include <vector>

namespace restate::testing {

class KeptSpans final : public trace::Sink {
 public:
  std::uint64_t now_ns() override { return ++now; }
  void emit(trace::Span span) override { spans.push_back(std::move(span)); }

  std::uint64_t now = 1'000'000;
  std::vector<trace::Span> spans;
};

/// The value of an attribute; empty if there is none.
inline std::string text_of(const trace::Span& span, const std::string& key) {
  for (const trace::Attribute& attribute : span.attributes) {
    if (attribute.key != key) continue;
    if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
      return std::to_string(*number);
    }
    return std::get<std::string>(attribute.value);
  }
  return {};
}

}  // namespace restate::testing
