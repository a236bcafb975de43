#pragma once

/// \file
/// The services of a process: who handles a request, and what the manifest says of them.

#include <restate/result.h>
#include <restate/service.h>
#include <restate/version.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace restate::native {

/// Immutable once shared; handlers on other threads hold on to it.
class ServiceRegistry {
 public:
  /// - `kInvalidArgument`: a name that no service or handler may have, or a handler of the wrong kind.
  /// - `kAlreadyExists`: a service of that name is there, or it has two handlers of one name.
  Result<void> add(ServiceDefinition service);

  const HandlerDefinition* find(std::string_view service, std::string_view handler) const;
  /// By the end of a path: `.../invoke/{service}/{handler}`.
  const HandlerDefinition* find_path(std::string_view path) const;

  const std::map<std::string, ServiceDefinition, std::less<>>& services() const { return services_; }
  bool empty() const { return services_.empty(); }

 private:
  std::map<std::string, ServiceDefinition, std::less<>> services_;
};

using ServiceRegistryPtr = std::shared_ptr<const ServiceRegistry>;

/// Versions of the service protocol that the machine speaks.
inline constexpr std::uint16_t kNativeMinProtocol = 5;
inline constexpr std::uint16_t kNativeMaxProtocol = 7;

/// Versions of the service protocol, both ends included.
struct ProtocolRange {
  std::uint16_t min = kNativeMinProtocol;
  std::uint16_t max = kNativeMaxProtocol;
};

/// What `/discover` answers: the manifest, format 4.
std::string manifest_json(const ServiceRegistry& registry, ProtocolRange protocols = {});
inline constexpr std::string_view kManifestContentType =
    "application/vnd.restate.endpointmanifest.v4+json";
/// `x-restate-server` of everything that native services answer.
inline constexpr std::string_view kServerName = "restate-sdk-cpp/" RESTATE_VERSION_STRING;

}  // namespace restate::native
