#include "node/config_values.h"
#include "node/node_impl.h"

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

void Node::Impl::take_live(const Config& config, admin::AdminOptions& options) {
  options.bearer_token = config.admin_token.token;
  options.concurrent_requests = config.admin_request_limit;
  options.deployment_routing_headers = config.deployment_routing_headers;
  options.defaults = config.defaults;
}

void Node::Impl::open_admin(const std::vector<Address>& ingress) {
  std::vector<wire::Header> headers;
  for (const auto& [name, value] : config_.additional_request_headers) {
    headers.push_back({name, value});
  }
  http_client_ = std::make_unique<http::Client>(
      home_,
      http::ClientOptions{
          .connect_timeout = milliseconds(config_.service_client.connect_timeout_ms),
          .tls = parts_.tls,
          .proxy = config_.service_client.proxy,
          .no_proxy = config_.service_client.no_proxy});
  if (parts_.lambda) lambda_client_ = parts_.lambda(home_);
  discoverer_ = std::make_unique<admin::NetworkDiscoverer>(
      home_, *http_client_,
      admin::DiscovererOptions{.additional_headers = headers,
                               .identity = parts_.identity,
                               .lambda = lambda_client_.get()});
  admin::AdminOptions options;
  options.cluster_name = config_.cluster_name;
  take_live(config_, options);
  options.features["protocol_v7"] = config_.protocol_v7;
  options.features["vqueues"] = config_.vqueues;
  options.features["scoped_virtual_objects"] = config_.scoped_virtual_objects;
  options.features["unique_random_seeds"] = config_.unique_random_seeds;
  options.metadata_members = {id_.node.value};
  options.additional_request_headers = std::move(headers);
  options.kafka_clusters = config_.kafka_clusters;
  options.kafka = parts_.kafka != nullptr;
  options.web_ui = !config_.disable_web_ui;
  options.ingress_endpoint = config_.ingress_listener.advertised_address;
  for (const Address& address : ingress) {
    if (options.ingress_endpoint.empty() && !address.is_unix()) {
      options.ingress_endpoint = "http://" + advertised_host(config_.ingress_listener, address) +
                                 ":" + std::to_string(address.port) + "/";
    }
  }
  admin_ = std::make_unique<admin::Admin>(
      home_, std::move(options),
      admin::Admin::Parts{*registry_, *discoverer_, shards_[0]->client(), *rules_,
                          [this](const schema::SubscriptionId& id) {
                            const auto found = troubles_.find(id);
                            return found == troubles_.end()
                                       ? std::vector<schema::SubscriptionTrouble>()
                                       : found->second;
                          }});
  if (parts_.sql == nullptr) return;
  query::ServiceOptions limits;
  if (!config_.query.rate.empty()) {
    limits.interval = parse_rate(config_.query.rate).value_or(Duration::zero());
    limits.burst = config_.query.burst;
  }
  query::InputSource& partitions = *this;
  queries_ = std::make_unique<query::QueryService>(home_, *parts_.sql, partitions, limits);
  admin_->set_query_handler([this](admin::QueryRequest request, http::Responder responder) {
    queries_->run(std::move(request.sql),
                  request.as_json ? query::Format::kJson : query::Format::kArrow, request.gzip,
                  std::move(responder));
  });
}

void Node::Impl::drop_admin() {
  admin_.reset();
  postgres_.reset();
  queries_.reset();
  discoverer_.reset();
  lambda_client_.reset();
  http_client_.reset();
  rules_.reset();
  registry_.reset();
}

}  // namespace restate::node
