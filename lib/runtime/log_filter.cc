#include "runtime/log_filter.h"

#include <algorithm>

namespace restate {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view upper) {
  return std::equal(a.begin(), a.end(), upper.begin(), upper.end(), [](char x, char y) {
    return (x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x) == y;
  });
}

/// One spelling for all targets.
std::string normal_target(std::string_view target) {
  constexpr std::string_view kRoot = "restate";
  if (target == kRoot) return std::string(kRoot);
  std::string name(target);
  if (name.starts_with("restate_")) name.replace(kRoot.size(), 1, "::");
  return name.starts_with("restate::") ? name : "restate::" + name;
}

}  // namespace

bool LogFilter::read_level(std::string_view text, Threshold& lowest) {
  lowest = kOff;
  if (same_word(text, "OFF")) return true;
  for (const LogLevel known :
       {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (!same_word(text, to_string(known))) continue;
    lowest = threshold(known);
    return true;
  }
  return false;
}

Result<LogFilter> LogFilter::parse(std::string_view text) {
  LogFilter filter;
  filter.default_ = kOff;
  filter.loudest_ = kOff;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (part.empty()) continue;

    const std::size_t equals = part.find('=');
    const bool named = equals != std::string_view::npos;
    Threshold lowest = kOff;
    if (!read_level(trimmed(named ? part.substr(equals + 1) : part), lowest) || equals == 0) {
      return Error{Code::kInvalidArgument,
                   "log filter: '" + std::string(part) + "' is no level and no target=level"};
    }
    if (named) {
      filter.directives_.push_back({normal_target(trimmed(part.substr(0, equals))), lowest});
    } else {
      filter.default_ = lowest;
    }
    filter.loudest_ = std::min(filter.loudest_, lowest);
  }
  // The longest comes first, so that the first that fits decides; of equal ones, the last given.
  std::reverse(filter.directives_.begin(), filter.directives_.end());
  std::stable_sort(
      filter.directives_.begin(), filter.directives_.end(),
      [](const Directive& a, const Directive& b) { return a.target.size() > b.target.size(); });
  return filter;
}

bool LogFilter::allows(LogLevel level, std::string_view module) const {
  if (!allows_somewhere(level)) return false;
  Threshold lowest = default_;
  if (!directives_.empty()) {
    const std::string target = "restate::" + std::string(module);
    const auto fits = [&](const Directive& directive) {
      return target.starts_with(directive.target);
    };
    const auto found = std::find_if(directives_.begin(), directives_.end(), fits);
    if (found != directives_.end()) lowest = found->lowest;
  }
  return lowest <= threshold(level);
}

}  // namespace restate
