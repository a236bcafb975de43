#pragma once

/// \file
/// The `date` header.

#include <restate/time.h>

#include <string>

namespace restate::http {

/// `Thu, 01 Jan 1970 00:00:00 GMT`: the IMF-fixdate of RFC 9110.
std::string format_date(WallTime time);

/// The same text as long as the second lasts: formatted once, used by every response.
class DateCache {
 public:
  /// Brings `text()` up to date.
  void refresh(WallTime now) {
    const std::uint64_t second = now.ms / 1000;
    if (second == second_) return;
    second_ = second;
    text_ = format_date(now);
  }
  const std::string& text() const { return text_; }

 private:
  std::uint64_t second_ = UINT64_MAX;
  std::string text_;
};

}  // namespace restate::http
