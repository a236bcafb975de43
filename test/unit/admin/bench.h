#pragma once

/// \file
/// An admin API without sockets. Endpoints are the manifests of the recorded exchanges.

#include "admin/admin.h"
#include "fakes.h"

#include <restate/testing/world.h>

#include <string>

namespace restate::admin::testing {

inline constexpr const char* kHttp2Endpoint = "127.0.0.1:7001";
inline constexpr const char* kHttp1Endpoint = "127.0.0.1:7002";

/// Answers as the endpoints of the fixtures would.
class FakeDiscoverer final : public Discoverer {
 public:
  FakeDiscoverer(Shard& shard, Json manifests) : shard_(shard), manifests_(std::move(manifests)) {}

  void discover(DiscoveryRequest request, Completion<DiscoveryOutcome> done) override {
    ++asked;
    shard_.post([outcome = outcome_of(request), done = std::move(done)]() mutable {
      done(std::move(outcome));
    });
  }

  int asked = 0;

 private:
  static DiscoveryOutcome error(const protocol::DiscoveryError& error) {
    return schema::RegistryError{error.status, std::string(protocol::to_string(error.code)),
                                 error.message};
  }

  DiscoveryOutcome outcome_of(const DiscoveryRequest& request) const {
    const std::string& uri = request.address.uri;
    const auto unreachable = [&](bool speaks_http1) {
      return error(protocol::discovery_unreachable(
          uri + request.address.lambda_arn,
          speaks_http1 ? protocol::OtherHttp::kHttp1 : protocol::OtherHttp::kNo));
    };
    const std::string prefix = "http://";
    const std::size_t slash = uri.find('/', prefix.size());
    if (!uri.starts_with(prefix) || slash == std::string::npos) return unreachable(false);
    const std::string authority = uri.substr(prefix.size(), slash - prefix.size());
    if (authority == kHttp1Endpoint && !request.use_http11) return unreachable(true);
    if (authority != (request.use_http11 ? kHttp1Endpoint : kHttp2Endpoint)) return unreachable(false);
    std::string name = uri.substr(slash + 1, uri.find('?') - slash - 1);
    if (name.ends_with('/')) name.pop_back();
    return answer_of(name, request.use_http11);
  }

  DiscoveryOutcome answer_of(const std::string& name, bool http11) const {
    int status = 404;
    std::vector<wire::Header> headers{{"content-type", "text/plain"}};
    std::string body = "no such manifest";
    if (const Json* manifest = schema::member(manifests_, name.c_str())) {
      status = manifest->value("status", 200);
      headers = {{"content-type", "application/vnd.restate.endpointmanifest.v4+json"},
                 {"x-restate-server", "restate-sdk-fake/1.0.0"}};
      if (const Json* own = schema::member(*manifest, "headers")) {
        headers.clear();
        for (const auto& [key, value] : own->items()) {
          headers.push_back({key, value.get<std::string>()});
        }
      }
      const Json& given = manifest->at("body");
      body = given.is_string() ? given.get<std::string>() : schema::json_text(given);
    }
    auto parsed = protocol::parse_discovery(status, headers, body, {});
    if (auto* failed = std::get_if<protocol::DiscoveryError>(&parsed)) return error(*failed);
    return to_discovered(std::get<protocol::Manifest>(parsed),
                         http11 ? schema::HttpVersion::kHttp11 : schema::HttpVersion::kHttp2);
  }

  Shard& shard_;
  Json manifests_;
};

struct Bench {
  explicit Bench(Json manifests = Json::object())
      : discoverer(world.shard(), std::move(manifests)) {
    bool started = false;
    registry.start(Completion<void>(world.shard(), [&](Result<void> done) { started = bool(done); }));
    RESTATE_ASSERT(world.run_until([&] { return started; }), "an empty store can be read");
    started = false;
    rules.start(Completion<void>(world.shard(), [&](Result<void> done) { started = bool(done); }));
    RESTATE_ASSERT(world.run_until([&] { return started; }), "an empty store can be read");
  }

  FakeStream request(const std::string& method, const std::string& target, std::string_view body = {},
                     const std::vector<http::Header>& headers = {}) {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    for (const auto& header : headers) head.headers.add(header.name, header.value);
    FakeStream stream;
    auto exchange = admin.handler().on_request(head, stream);
    if (exchange) {
      if (!body.empty()) exchange->on_body(Bytes(body));
      exchange->on_body_end();
      world.run_until([&] { return stream.answer.has_value(); });
    }
    RESTATE_ASSERT(stream.answer, "every request is answered");
    return stream;
  }
  FakeStream json(const std::string& method, const std::string& target, std::string_view body) {
    return request(method, target, body, {{"content-type", "application/json"}});
  }

  static AdminOptions admin_options() {
    AdminOptions options;
    options.ingress_endpoint = "http://127.0.0.1:8080/";
    return options;
  }

  restate::testing::World world{restate::testing::Seed{7}};
  FakeStore store;
  FakePartition partition;
  FakeDiscoverer discoverer;
  RegistryClient registry{world.shard(), store};
  RulesClient rules{world.shard(), store};
  Admin admin{world.shard(), admin_options(), {registry, discoverer, partition, rules}};
};

}  // namespace restate::admin::testing
