#include "query/pg/settings.h"

#include "common/ascii.h"

namespace restate::query::pg {
namespace {

constexpr std::size_t kSettings = 200;
constexpr std::size_t kValueBytes = 1000;

}  // namespace

Settings::Settings() {
  add("server_version", kServerVersion, true, true);
  add("server_encoding", "UTF8", true, true);
  add("client_encoding", "UTF8", true, true);
  add("DateStyle", "ISO, MDY", true, true);
  add("TimeZone", "UTC", true, true);
  add("IntervalStyle", "postgres", true, true);
  add("integer_datetimes", "on", true, true);
  add("standard_conforming_strings", "on", true, true);
  add("is_superuser", "off", true, true);
  add("session_authorization", "restate", true, true);
  add("application_name", "", false, true);
  add("default_transaction_read_only", "on", true, true);
  add("in_hot_standby", "off", true, true);
  add("server_version_num", "140000", true, false);
  add("transaction_isolation", "read committed", true, false);
  add("default_transaction_isolation", "read committed", true, false);
  add("transaction_read_only", "on", true, false);
  add("search_path", "public", false, false);
  add("extra_float_digits", "1", false, false);
  add("max_identifier_length", "63", true, false);
  add("max_index_keys", "32", true, false);
  add("bytea_output", "hex", true, false);
  add("statement_timeout", "0", false, false);
  add("lc_collate", "C", true, false);
  add("lc_ctype", "C", true, false);
}

void Settings::add(std::string name, std::string value, bool fixed, bool reported) {
  const std::string key = ascii_lower(std::string_view(name));
  initial_[key] = value;
  values_[key] = Value{std::move(name), std::move(value), fixed, reported};
}

std::vector<std::pair<std::string, std::string>> Settings::reported() const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [key, each] : values_) {
    if (each.reported) found.emplace_back(each.name, each.value);
  }
  return found;
}

std::optional<std::string> Settings::find(std::string_view name) const {
  const auto found = values_.find(ascii_lower(name));
  if (found == values_.end()) return std::nullopt;
  return found->second.value;
}

std::string Settings::display_name(std::string_view name) const {
  const auto found = values_.find(ascii_lower(name));
  return found == values_.end() ? std::string(name) : found->second.name;
}

bool Settings::set(std::string_view name, std::string value) {
  const std::string key = ascii_lower(name);
  if (value.size() > kValueBytes || key.size() > kValueBytes) return false;
  const auto found = values_.find(key);
  if (found == values_.end()) {
    if (values_.size() >= kSettings) return false;
    values_[key] = Value{std::string(name), std::move(value), false, false};
  } else if (!found->second.fixed) {
    found->second.value = std::move(value);
  }
  return true;
}

void Settings::reset(std::string_view name) {
  const std::string key = ascii_lower(name);
  const auto initial = initial_.find(key);
  if (initial == initial_.end()) {
    values_.erase(key);
  } else {
    values_[key].value = initial->second;
  }
}

void Settings::reset() {
  std::erase_if(values_, [this](const auto& each) { return !initial_.contains(each.first); });
  for (const auto& [key, value] : initial_) values_[key].value = value;
}

}  // namespace restate::query::pg
