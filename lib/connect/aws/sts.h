#pragma once

/// \file
/// The Security Token Service: credentials of a role for a while. Its query API, answered in XML.

#include "connect/aws/sigv4.h"

#include <string>
#include <string_view>

namespace restate::connect::aws {

struct RoleRequest {
  std::string role_arn;
  std::string session_name = "restate";
  std::string external_id;   ///< empty: none
  std::string web_identity;  ///< a token that takes the place of credentials; empty: none
};

/// The query, not signed yet (a web identity needs no signature).
HttpQuery make_role_query(const std::string& endpoint, const RoleRequest& request);

/// - `kUnauthenticated`: refused; says what STS says.
/// - `kOverloaded`, `kUnavailable`: STS cannot do it now.
/// - `kInternal`: an answer that lacks what it must have.
Result<Credentials> parse_role_answer(const HttpAnswer& answer);

/// `2026-11-22T05:15:00Z`, with or without fractions. Nothing: no such time.
std::optional<WallTime> parse_utc(std::string_view text);

}  // namespace restate::connect::aws
