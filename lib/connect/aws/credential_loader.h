#pragma once

/// \file
/// Where AWS credentials come from: the places that AWS's own tools look at, in their order. Plain
/// blocking code; who calls it has a thread for that.

#include "connect/aws/sts.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace restate::connect::aws {

struct CredentialOptions {
  /// `AWS_*` and `HOME` of the process.
  std::map<std::string, std::string> environment;
  /// The configured profile; it goes before everything else. Empty: none.
  std::string profile;
  /// For roles of deployments. Empty: none.
  std::string external_id;
};

/// A service's own address from the environment (`AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`),
/// without a trailing slash; else AWS's own in this region.
std::string endpoint_of(const std::map<std::string, std::string>& environment,
                        const std::string& service, const std::string& partition,
                        const std::string& region);

class CredentialLoader {
 public:
  using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
  using Clock = std::function<WallTime()>;

  CredentialLoader(CredentialOptions options, Fetch fetch, ReadFile read_file, Clock clock);

  /// The engine's own: configured profile, environment, profile of the environment, web identity,
  /// container, instance. `region` is where roles are assumed if nobody says another.
  /// - `kUnauthenticated`: none; says where it looked.
  /// - `kUnavailable`, `kTimeout`, `kOverloaded`: there may be some in a while.
  Result<Credentials> load(const std::string& region);

  /// Those of a deployment's role.
  Result<Credentials> assume(const Credentials& own, const std::string& role_arn,
                             const std::string& partition, const std::string& region);

 private:
  using Found = Result<std::optional<Credentials>>;

  const std::string& variable(const std::string& name) const;
  Found from_environment() const;
  Found from_profile(const std::string& name, bool required, const std::string& region, int depth);
  Found from_named_source(const std::string& source);
  Found from_web_identity(const std::string& region);
  Found from_container();
  Found from_instance();
  Result<Credentials> assume_role(const Credentials* own, const RoleRequest& request,
                                  const std::string& partition, const std::string& region);

  const CredentialOptions options_;
  const Fetch fetch_;
  const ReadFile read_file_;
  const Clock clock_;
};

}  // namespace restate::connect::aws
