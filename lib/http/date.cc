#include "http/date.h"

#include <cstdio>

namespace restate::http {

std::string format_date(WallTime time) {
  static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::uint64_t seconds = time.ms / 1000;
  const std::uint64_t days = seconds / 86'400;
  // The civil calendar, counted in eras of 400 years that begin on the first of March.
  const std::uint64_t shifted = days + 719'468;
  const std::uint64_t day_of_era = shifted % 146'097;
  const std::uint64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t march_month = (5 * day_of_year + 2) / 153;
  const std::uint64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const std::uint64_t month = march_month < 10 ? march_month + 2 : march_month - 10;  // 0: January
  const std::uint64_t year = shifted / 146'097 * 400 + year_of_era + (month < 2 ? 1 : 0);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04llu %02u:%02u:%02u GMT", kDays[days % 7],
                static_cast<unsigned>(day), kMonths[month], static_cast<unsigned long long>(year),
                static_cast<unsigned>(seconds / 3600 % 24),
                static_cast<unsigned>(seconds / 60 % 60), static_cast<unsigned>(seconds % 60));
  return text;
}

}  // namespace restate::http
