// The parameters of a seal marker are JSON, as tools expect them:
//
//     {"sealed_at": "2026-01-31T12:00:00Z", "context": {"source": "seal"}, "permanent_seal": true}

#include <restate/bifrost/chain.h>

#include "common/time_text.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>

namespace restate::bifrost {
namespace {

WallTime parse_rfc3339(const std::string& text) {
  using namespace std::chrono;
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6) {
    return {};
  }
  std::uint64_t ms = 0;
  std::uint64_t unit = 100;
  const std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(used));
  for (std::size_t i = 1; i < rest.size() && rest[0] == '.' && unit > 0; ++i, unit /= 10) {
    if (rest[i] < '0' || rest[i] > '9') break;
    ms += static_cast<std::uint64_t>(rest[i] - '0') * unit;
  }
  const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                            std::chrono::day(day)};
  if (!date.ok()) return {};
  const auto at = sys_days(date).time_since_epoch() + hours(hour) + minutes(minute) + seconds(second);
  return {static_cast<std::uint64_t>(duration_cast<milliseconds>(at).count()) + ms};
}

}  // namespace

std::string SealMarker::to_params() const {
  nlohmann::json json{{"sealed_at", rfc3339_short(sealed_at)}, {"context", context}};
  if (permanent) json["permanent_seal"] = true;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

SealMarker SealMarker::parse(const std::string& params) {
  SealMarker marker;
  const auto json = nlohmann::json::parse(params, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return marker;
  if (const auto at = json.find("permanent_seal"); at != json.end() && at->is_boolean()) {
    marker.permanent = at->get<bool>();
  }
  if (const auto at = json.find("sealed_at"); at != json.end() && at->is_string()) {
    marker.sealed_at = parse_rfc3339(at->get<std::string>());
  }
  if (const auto at = json.find("context"); at != json.end() && at->is_object()) {
    for (const auto& [key, value] : at->items()) {
      if (value.is_string()) marker.context[key] = value.get<std::string>();
    }
  }
  return marker;
}

}  // namespace restate::bifrost
