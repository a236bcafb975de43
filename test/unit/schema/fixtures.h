#pragma once

/// \file
/// Registries to test with.

#include "schema/registry.h"

namespace restate::schema::testing {

inline DeploymentId deployment_id(std::uint8_t number) {
  DeploymentId id;
  id.ulid.bytes[15] = number;
  return id;
}

inline DiscoveredHandler handler(std::string name,
                                 std::optional<wire::HandlerType> type = std::nullopt) {
  DiscoveredHandler result;
  result.name = std::move(name);
  result.type = type;
  return result;
}

inline DiscoveredService service(std::string name, wire::ServiceType type,
                                 std::vector<DiscoveredHandler> handlers) {
  DiscoveredService result;
  result.name = std::move(name);
  result.type = type;
  result.handlers = std::move(handlers);
  return result;
}

inline Discovered endpoint(std::vector<DiscoveredService> services) {
  Discovered result;
  result.services = std::move(services);
  return result;
}

inline Address http_address(std::string uri) {
  Address result;
  result.uri = std::move(uri);
  return result;
}

}  // namespace restate::schema::testing
