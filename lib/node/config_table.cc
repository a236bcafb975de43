#include "node/config_table.h"

#include "common/duration_text.h"
#include "node/config_values.h"

#include <algorithm>

namespace restate::node {
namespace {

using nlohmann::json;

Result<std::uint64_t> read_duration(const json& value, std::uint64_t least_ms) {
  if (!value.is_string()) return expected("a duration such as \"10s\"", value);
  RESTATE_TRY(const auto ms, parse_duration_setting(value.get<std::string>()));
  if (ms >= least_ms) return ms;
  return expected(least_ms == 1 ? "a duration above zero"
                                : "a duration of at least " + duration_text(least_ms), value);
}

Result<std::size_t> read_size(const json& value, bool zero_allowed) {
  RESTATE_TRY(const auto spelled, text_of(value));
  RESTATE_TRY(const auto bytes, parse_size(spelled));
  if (bytes == 0 && !zero_allowed) return expected("a size above zero", value);
  return static_cast<std::size_t>(bytes);
}

Result<bool> read_flag(const json& value) {
  if (!value.is_boolean()) return expected("true or false", value);
  return value.get<bool>();
}

}  // namespace

Error expected(std::string_view what, const json& found) {
  return {Code::kInvalidArgument, "expected " + std::string(what) + ", found " + found.dump()};
}

std::string toml_text(const std::string& text) { return json(text).dump(); }

Result<void> refuse_stars(const std::string& text) {
  if (text != kStars) return {};
  return Error{Code::kInvalidArgument,
               "expected a secret, found the stars that --dump-config shows instead of it"};
}

Result<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return expected("a text", value);
}

void ConfigTable::add(std::string name, Set set, Show show) {
  keys_.push_back({std::move(name), std::move(set), std::move(show), {}, {}});
}

void ConfigTable::text(std::string name, std::string& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        RESTATE_TRY(target, text_of(value));
        return {};
      },
      [&target] { return target.empty() ? std::string() : toml_text(target); });
}

void ConfigTable::secret(std::string name, std::string& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        // What was found is not repeated: it would end up in a log.
        auto text = text_of(value);
        if (!text) return Error{Code::kInvalidArgument, "expected a text"};
        RESTATE_TRY_VOID(refuse_stars(*text));
        target = *std::move(text);
        return {};
      },
      [&target] { return target.empty() ? std::string() : toml_text(kStars); });
  hide([&target] { return target; });
}

void ConfigTable::texts(std::string name, std::vector<std::string>& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        if (!value.is_array()) return expected("a list", value);
        std::vector<std::string> list;
        for (const json& item : value) {
          RESTATE_TRY(list.emplace_back(), text_of(item));
        }
        target = std::move(list);
        return {};
      },
      [&target] { return json(target).dump(); });
}

void ConfigTable::flag(std::string name, bool& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        RESTATE_TRY(target, read_flag(value));
        return {};
      },
      [&target] { return std::string(target ? "true" : "false"); });
}

void ConfigTable::inverted_flag(std::string name, bool& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        RESTATE_TRY(const bool flag, read_flag(value));
        target = !flag;
        return {};
      },
      [&target] { return std::string(target ? "false" : "true"); });
}

void ConfigTable::duration(std::string name, std::uint64_t& target_ms,
                           std::uint64_t least_ms) {
  add(std::move(name),
      [&target_ms, least_ms](const json& value) -> Result<void> {
        RESTATE_TRY(target_ms, read_duration(value, least_ms));
        return {};
      },
      [&target_ms] { return toml_text(duration_text(target_ms)); });
}

void ConfigTable::duration(std::string name, std::optional<std::uint64_t>& target_ms) {
  add(std::move(name),
      [&target_ms](const json& value) -> Result<void> {
        RESTATE_TRY(target_ms, read_duration(value, 0));
        return {};
      },
      [&target_ms] {
        return target_ms ? toml_text(duration_text(*target_ms)) : std::string();
      });
}

void ConfigTable::size(std::string name, std::size_t& target, bool zero_allowed) {
  add(std::move(name),
      [&target, zero_allowed](const json& value) -> Result<void> {
        RESTATE_TRY(target, read_size(value, zero_allowed));
        return {};
      },
      [&target] { return toml_text(format_size(target)); });
}

void ConfigTable::size(std::string name, std::optional<std::size_t>& target, bool zero_allowed) {
  add(std::move(name),
      [&target, zero_allowed](const json& value) -> Result<void> {
        RESTATE_TRY(target, read_size(value, zero_allowed));
        return {};
      },
      [&target] { return target ? toml_text(format_size(*target)) : std::string(); });
}

void ConfigTable::size(std::string name, std::size_t& target, std::size_t least,
                       std::size_t most) {
  add(std::move(name),
      [&target, least, most](const json& value) -> Result<void> {
        RESTATE_TRY(const auto bytes, read_size(value, true));
        if (bytes < least || bytes > most) {
          return expected("a size from " + format_size(least) + " to " + format_size(most), value);
        }
        target = bytes;
        return {};
      },
      [&target] { return toml_text(format_size(target)); });
}

void ConfigTable::real(std::string name, double& target, double least,
                       std::optional<double> most) {
  add(std::move(name),
      [&target, least, most](const json& value) -> Result<void> {
        const double number = value.is_number() ? value.get<double>() : least - 1;
        if (!(number >= least) || (most && !(number <= *most))) {  // nan is neither
          return expected(most ? "a number from " + json(least).dump() + " to " + json(*most).dump()
                               : "a number of at least " + json(least).dump(), value);
        }
        target = number;
        return {};
      },
      [&target] { return json(target).dump(); });
}

void ConfigTable::max_attempts(std::string name, std::optional<std::uint64_t>& target) {
  add(std::move(name),
      [&target](const json& value) -> Result<void> {
        if (value == "unlimited" || value == "infinite") {
          target.reset();
          return {};
        }
        if (!value.is_number_integer() || value.get<std::int64_t>() < 1) {
          return expected("a number of at least 1, or \"unlimited\"", value);
        }
        target = value.get<std::uint64_t>();
        return {};
      },
      [&target] { return target ? std::to_string(*target) : toml_text("unlimited"); });
}

void ConfigTable::alias() {
  keys_.back().show = [] { return std::string(); };
}

void ConfigTable::deprecated(std::string instead) {
  alias();
  keys_.back().instead = std::move(instead);
}

void ConfigTable::add_deprecated(ConfigTable of_old,
                                 const std::function<std::string(const std::string&)>& today) {
  for (ConfigKey& key : of_old.keys_) {
    std::string instead = today(key.name);
    add(std::move(key.name), std::move(key.set), {});
    deprecated(std::move(instead));
  }
}

Result<std::uint64_t> ConfigTable::read_number(const json& value, std::uint64_t least,
                                               std::uint64_t most) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
      value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most) {
    return expected("a number from " + std::to_string(least) + " to " + std::to_string(most),
                    value);
  }
  return value.get<std::uint64_t>();
}

}  // namespace restate::node
