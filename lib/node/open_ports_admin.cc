#include "node/config_values.h"
#include "node/open_ports.h"

#include <utility>

// The admin API, with what it talks to.

namespace restate::node {
namespace {

/// The host that clients are told, as it stands in a URL.
std::string advertised_host(const ListenerConfig& listener, const Address& bound) {
  std::string host = !listener.advertised_host.empty()               ? listener.advertised_host
                     : bound.host == "0.0.0.0" || bound.host == "::" ? "127.0.0.1"
                                                                     : bound.host;
  const bool is_v6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return is_v6 ? "[" + host + "]" : host;
}

}  // namespace

void OpenPorts::take_live(const Config& config, admin::AdminOptions& options) {
  options.bearer_token = config.admin_token.token;
  options.concurrent_requests = config.admin_request_limit;
  options.deployment_routing_headers = config.deployment_routing_headers;
  options.defaults = config.defaults;
}

void OpenPorts::open_admin() {
  const Config& config = inside_.config;
  NodeParts& parts = inside_.parts;
  std::vector<wire::Header> headers;
  for (const auto& [name, value] : config.additional_request_headers) {
    headers.push_back({name, value});
  }
  http_client_ = std::make_unique<http::Client>(
      inside_.home,
      http::ClientOptions{
          .connect_timeout = milliseconds(config.service_client.connect_timeout_ms),
          .tls = parts.tls,
          .proxy = config.service_client.proxy,
          .no_proxy = config.service_client.no_proxy});
  if (parts.lambda) lambda_client_ = parts.lambda(inside_.home);
  discoverer_ = std::make_unique<admin::NetworkDiscoverer>(
      inside_.home, *http_client_,
      admin::DiscovererOptions{.additional_headers = headers,
                               .identity = parts.identity,
                               .lambda = lambda_client_.get()});
  admin::AdminOptions options;
  options.cluster_name = config.cluster_name;
  options.request_size_limit = config.request_size_limit;
  take_live(config, options);
  options.features["protocol_v7"] = config.protocol_v7;
  options.features["vqueues"] = config.vqueues;
  options.features["scoped_virtual_objects"] = config.scoped_virtual_objects;
  options.features["unique_random_seeds"] = config.unique_random_seeds;
  options.metadata_members = {inside_.id.node.value};
  options.additional_request_headers = std::move(headers);
  options.kafka_clusters = config.kafka_clusters;
  options.kafka = parts.kafka != nullptr;
  options.web_ui = !config.disable_web_ui;
  options.ingress_endpoint = config.ingress_listener.advertised_address;
  for (const Address& address : bound_.ingress) {
    if (options.ingress_endpoint.empty() && !address.is_unix()) {
      options.ingress_endpoint = "http://" + advertised_host(config.ingress_listener, address) +
                                 ":" + std::to_string(address.port) + "/";
    }
  }
  admin_ = std::make_unique<admin::Admin>(
      inside_.home, std::move(options),
      admin::Admin::Parts{inside_.registry, *discoverer_, inside_.shards[0]->client(), inside_.rules,
                          [this](const schema::SubscriptionId& id) {
                            const auto found = troubles_->find(id);
                            return found == troubles_->end()
                                       ? std::vector<schema::SubscriptionTrouble>()
                                       : found->second;
                          }});
  if (parts.sql == nullptr) return;
  query::ServiceOptions limits;
  if (!config.query.rate.empty()) {
    limits.interval = parse_rate(config.query.rate).value_or(Duration::zero());
    limits.burst = config.query.burst;
  }
  queries_ = std::make_unique<query::QueryService>(inside_.home, *parts.sql, inside_.rows, limits);
  admin_->set_query_handler([this](admin::QueryRequest request, http::Responder responder) {
    queries_->run(std::move(request.sql),
                  request.as_json ? query::Format::kJson : query::Format::kArrow, request.gzip,
                  std::move(responder));
  });
}

}  // namespace restate::node
