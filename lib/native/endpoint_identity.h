#pragma once

/// \file
/// Request identity, seen from an endpoint: whose requests it answers. The other half of
/// `protocol::RequestIdentity` (service-protocol 4).

#include "http/message.h"

#include <restate/result.h>
#include <restate/time.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace restate::native {

/// The public keys of the servers that may ask; immutable.
class RequestVerifier {
 public:
  /// Each key is `publickeyv1_...`, as servers print it at start.
  /// - `kInvalidArgument`: a key that is none.
  static Result<std::shared_ptr<const RequestVerifier>> from_keys(
      const std::vector<std::string>& public_keys);
  ~RequestVerifier();
  RequestVerifier(const RequestVerifier&) = delete;
  RequestVerifier& operator=(const RequestVerifier&) = delete;

  /// Whether one of the keys has signed this request, for this path and this moment.
  /// - `kUnauthenticated`: it has not; the message says why, without secrets.
  Result<void> verify(const http::Headers& headers, std::string_view path, WallTime now) const;

 private:
  struct Key;
  explicit RequestVerifier(std::vector<std::unique_ptr<Key>> keys);

  std::vector<std::unique_ptr<Key>> keys_;
};

}  // namespace restate::native
