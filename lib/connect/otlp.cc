#include "connect/otlp.h"

#include "common/version.h"
#include "connect/otlp/exporter.h"

#include <algorithm>

namespace restate::connect {
namespace {

/// As the specification of the variable has it: what is broken makes all of it void, so it is said.
Result<std::vector<trace::Attribute>> parse_attributes(std::string_view text) {
  std::vector<trace::Attribute> attributes;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error{Code::kInvalidArgument, "OTEL_RESOURCE_ATTRIBUTES: '" + std::string(pair) +
                                               "' is no key=value"};
    }
    attributes.push_back({std::string(pair.substr(0, equals)),
                          http::percent_decode(pair.substr(equals + 1))});
  }
  return attributes;
}

}  // namespace

Result<SinkFactory> make_otlp_sinks(OtlpOptions options) {
  otlp::ExporterOptions exporter;
  RESTATE_TRY(exporter.target, otlp::parse_target(options.endpoint));
  exporter.headers.assign(options.headers.begin(), options.headers.end());
  exporter.tls = options.tls;
  exporter.resource = {{"service.name", "Restate"},
                       {"service.namespace", "Restate"},
                       {"service.instance.id", options.cluster + "/" + options.node},
                       {"service.version", std::string(kVersion)}};
  RESTATE_TRY(auto more, parse_attributes(options.attributes));
  for (trace::Attribute& attribute : more) {
    // What the operator says about us wins.
    std::erase_if(exporter.resource,
                  [&](const trace::Attribute& own) { return own.key == attribute.key; });
    exporter.resource.push_back(std::move(attribute));
  }
  return SinkFactory([exporter = std::move(exporter)](Shard& shard) {
    return std::unique_ptr<trace::Sink>(std::make_unique<otlp::Exporter>(shard, exporter));
  });
}

}  // namespace restate::connect
