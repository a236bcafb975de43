#include <restate/metadata/replication.h>

#include <charconv>

namespace restate::metadata {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::uint8_t> factor(std::string_view text) {
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

Error refuse(std::string_view text, std::string_view why) {
  return Error{Code::kInvalidArgument,
               "replication property '" + std::string(text) + "': " + std::string(why)};
}

}  // namespace

std::string ReplicationProperty::str() const {
  std::string out = "{";
  if (region) out += "region: " + std::to_string(*region) + ", ";
  if (zone) out += "zone: " + std::to_string(*zone) + ", ";
  return out + "node: " + std::to_string(node) + "}";
}

Result<ReplicationProperty> ReplicationProperty::parse(std::string_view text) {
  std::string_view rest = trim(text);
  if (const auto number = factor(rest)) return ReplicationProperty{.node = *number};
  if (rest.size() < 2 || rest.front() != '{' || rest.back() != '}') {
    return refuse(text, "expected a number or {scope: factor, ...}");
  }
  rest = rest.substr(1, rest.size() - 2);

  std::optional<std::uint8_t> node;
  ReplicationProperty property;
  while (!trim(rest).empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const std::size_t colon = item.find(':');
    if (colon == std::string_view::npos) return refuse(text, "a scope without a factor");
    const std::string_view scope = trim(item.substr(0, colon));
    const auto number = factor(trim(item.substr(colon + 1)));
    if (!number) return refuse(text, "a factor is a number from 1 to 255");
    if (scope == "node") {
      node = number;
    } else if (scope == "zone") {
      property.zone = number;
    } else if (scope == "region") {
      property.region = number;
    } else {
      return refuse(text, "a scope is node, zone or region");
    }
  }
  // Without a factor for nodes, copies in n zones are copies on n nodes.
  const std::uint8_t zones = property.zone.value_or(property.region.value_or(0));
  property.node = node.value_or(zones);
  if (property.node == 0) return refuse(text, "it is empty");
  if (property.node < zones || zones < property.region.value_or(0)) {
    return refuse(text, "a smaller scope needs at least the factor of a larger one");
  }
  return property;
}

}  // namespace restate::metadata
