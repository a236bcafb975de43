#include "admin/discoverer.h"

namespace restate::admin {
namespace {

schema::Options to_options(const protocol::ManifestOptions& from) {
  schema::Options options;
  options.inactivity_timeout_ms = from.inactivity_timeout_ms;
  options.abort_timeout_ms = from.abort_timeout_ms;
  options.journal_retention_ms = from.journal_retention_ms;
  options.idempotency_retention_ms = from.idempotency_retention_ms;
  options.workflow_completion_retention_ms = from.workflow_completion_retention_ms;
  options.enable_lazy_state = from.enable_lazy_state;
  options.ingress_private = from.ingress_private;
  options.retry_initial_ms = from.retry_initial_ms;
  options.retry_max_interval_ms = from.retry_max_interval_ms;
  options.retry_max_attempts = from.retry_max_attempts;
  options.retry_factor = from.retry_factor;
  options.retry_kill = from.retry_kill;
  return options;
}

schema::DiscoveredHandler to_handler(const protocol::ManifestHandler& from) {
  schema::DiscoveredHandler handler;
  handler.name = from.name;
  handler.type = from.type;
  if (from.input) {
    handler.input = {true, from.input->required, from.input->content_type, from.input->json_schema};
  }
  if (from.output) {
    handler.output = {true, from.output->content_type, from.output->set_content_type_if_empty,
                      from.output->json_schema};
  }
  handler.options = to_options(from.options);
  handler.documentation = from.options.documentation;
  handler.metadata = from.options.metadata;
  return handler;
}

}  // namespace

schema::Discovered to_discovered(const protocol::Manifest& manifest, schema::HttpVersion version) {
  schema::Discovered discovered;
  discovered.protocol_type =
      manifest.bidi ? schema::ProtocolType::kBidiStream : schema::ProtocolType::kRequestResponse;
  discovered.http_version = version;
  discovered.min_protocol = manifest.min_protocol;
  discovered.max_protocol = manifest.max_protocol;
  discovered.sdk_version = manifest.sdk_version;
  discovered.lambda_zstd = manifest.lambda_zstd;
  for (const protocol::ManifestService& from : manifest.services) {
    schema::DiscoveredService& service = discovered.services.emplace_back();
    service.name = from.name;
    service.type = from.type;
    service.options = to_options(from.options);
    service.documentation = from.options.documentation;
    service.metadata = from.options.metadata;
    for (const protocol::ManifestHandler& handler : from.handlers) {
      service.handlers.push_back(to_handler(handler));
    }
  }
  return discovered;
}

}  // namespace restate::admin
