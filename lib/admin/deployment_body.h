#pragma once

/// \file
/// The bodies of `/deployments`. Two variants each, for HTTP and for Lambda, told apart by the
/// members they have.

#include "admin/call.h"

#include <optional>

namespace restate::admin {

/// Members common to registrations and updates; those that are absent are nothing.
struct DeploymentBody {
  bool is_http = true;
  std::optional<std::string> uri;  ///< as written, if it is a URI at all
  std::optional<std::string> arn, assume_role_arn;
  std::optional<std::map<std::string, std::string>> additional_headers;
  std::optional<std::map<std::string, std::string>> metadata;
  std::optional<bool> use_http11, breaking, force, overwrite, dry_run;
  bool has_auth = false;
};

/// `kind` decides what must be there. Nothing: it is answered.
enum class BodyKind { kRegistration, kUpdate };
std::optional<DeploymentBody> read_deployment_body(Call& call, BodyKind kind);

/// An absolute HTTP address in its normal form. Nothing: it is answered, with 400.
std::optional<std::string> normal_uri(Call& call, const std::string& uri);

/// True for a function's ARN with a version or an alias. Otherwise it is answered, with 400.
bool check_arn(Call& call, const std::string& arn);

}  // namespace restate::admin
