#include "connect/aws/profile.h"

#include "common/ascii.h"

#include <algorithm>
#include <optional>

namespace restate::connect::aws {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The text before a comment, which begins behind a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool blank = text[i - 1] == ' ' || text[i - 1] == '\t';
    if (blank && (text[i] == '#' || text[i] == ';')) return text.substr(0, i);
  }
  return text;
}

/// The profile that a section is about. In the configuration all but `default` say so.
std::optional<std::string> profile_of(std::string_view section, bool config) {
  section = trim(section);
  if (!config || section == "default") return std::string(section);
  if (!section.starts_with("profile") || section.size() < 8) return std::nullopt;
  if (section[7] != ' ' && section[7] != '\t') return std::nullopt;
  return std::string(trim(section.substr(7)));
}

void read(std::string_view text, bool config, std::map<std::string, Profile>& profiles) {
  Profile* profile = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trim(without_comment(line));
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (content[0] == '[') {
      const auto name = profile_of(content.substr(1, content.rfind(']') - 1), config);
      profile = name ? &profiles[*name] : nullptr;
      continue;
    }
    // Indented lines belong to a nested section, of which none is for us.
    const std::size_t equals = content.find('=');
    if (profile == nullptr || equals == std::string_view::npos || line[0] == ' ' ||
        line[0] == '\t') {
      continue;
    }
    (*profile)[ascii_lower(trim(content.substr(0, equals)))] =
        std::string(trim(content.substr(equals + 1)));
  }
}

}  // namespace

std::map<std::string, Profile> parse_profiles(std::string_view config,
                                              std::string_view credentials) {
  std::map<std::string, Profile> profiles;
  read(config, true, profiles);
  read(credentials, false, profiles);
  return profiles;
}

}  // namespace restate::connect::aws
