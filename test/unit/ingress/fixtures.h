#pragma once

/// \file
/// The services of the recorded ingress exchanges, as a registry.

#include "schema/registry.h"

#include <restate/assert.h>

namespace restate::ingress::testing {

inline schema::DiscoveredHandler json_handler(
    std::string name, std::optional<wire::HandlerType> type = std::nullopt) {
  schema::DiscoveredHandler handler;
  handler.name = std::move(name);
  handler.type = type;
  handler.input = {.declared = true, .content_type = "application/json"};
  handler.output = {.declared = true, .content_type = "application/json"};
  return handler;
}

inline schema::SchemaPtr recorded_services() {
  using wire::HandlerType;
  using wire::ServiceType;
  schema::DiscoveredService svc;
  svc.name = "Svc";
  svc.handlers = {json_handler("echo"), json_handler("noInput"), json_handler("nothing")};
  auto& empty = svc.handlers.emplace_back(json_handler("empty"));
  empty.input = {.declared = true};
  empty.output = {.declared = true};
  auto& raw = svc.handlers.emplace_back(json_handler("raw"));
  raw.input.content_type = "*/*";
  raw.output.content_type = "application/octet-stream";
  auto& empty_type = svc.handlers.emplace_back(json_handler("emptyCt"));
  empty_type.input.content_type = "*/*";
  empty_type.output = {true, "application/x-foo", true, std::nullopt};
  svc.handlers.emplace_back(json_handler("hidden")).options.ingress_private = true;
  svc.handlers.emplace_back(json_handler("shortIdem")).options.idempotency_retention_ms = 3'000;

  schema::DiscoveredService priv;
  priv.name = "PrivSvc";
  priv.options.ingress_private = true;
  priv.handlers = {json_handler("hi")};

  schema::DiscoveredService send;
  send.name = "send";
  send.handlers = {json_handler("send")};

  schema::DiscoveredService obj;
  obj.name = "Obj";
  obj.type = ServiceType::kVirtualObject;
  obj.handlers = {json_handler("add"), json_handler("send"), json_handler("key", HandlerType::kShared),
                  json_handler("get", HandlerType::kShared)};

  schema::DiscoveredService wf;
  wf.name = "Wf";
  wf.type = ServiceType::kWorkflow;
  wf.handlers = {json_handler("run", HandlerType::kWorkflow), json_handler("query")};

  schema::Discovered endpoint;
  endpoint.services = {svc, priv, send, obj, wf};
  schema::Address address;
  address.uri = "http://localhost:9080/";
  schema::RegisterOptions options;
  options.new_id.ulid.bytes[15] = 1;
  auto registered = schema::register_deployment({}, address, endpoint, options);
  RESTATE_ASSERT(registered, "the services of the test are fine");
  return schema::snapshot(std::move(registered->schema));
}

}  // namespace restate::ingress::testing
