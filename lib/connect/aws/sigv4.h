#pragma once

/// \file
/// AWS Signature Version 4. Our own, because libcurl 7.88 signs the path as it is, while all
/// services but S3 want the one on the wire escaped once more: its signatures of ARNs are refused.

#include "connect/aws/http.h"

#include <optional>
#include <string>
#include <string_view>

namespace restate::connect::aws {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;           ///< empty: they are nobody's session
  std::optional<WallTime> expires_at;  ///< nothing: they stay until somebody changes them
  bool operator==(const Credentials&) const = default;
};

struct Signing {
  const Credentials& credentials;
  std::string_view region;
  std::string_view service;  ///< `lambda`, `sts`
  WallTime now;
};

/// Adds `x-amz-date`, `x-amz-security-token` if there is one, and `authorization`, which covers all
/// headers and the body.
/// - `kInvalidArgument`: the URL is none.
Result<void> sign(HttpQuery& query, const Signing& signing);

}  // namespace restate::connect::aws
