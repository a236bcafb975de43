#pragma once

/// \file
/// Request identity: a signature by which an endpoint knows that a request comes from this engine
/// and not from somebody who found its address (service-protocol 4).

#include <restate/result.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::protocol {

/// Signs requests with an Ed25519 key. May be shared by all shards: signing changes nothing.
class RequestIdentity {
 public:
  /// `pem` is a private key in PKCS#8. Tokens live for `expiration_ms`, at least a second.
  /// - `kInvalidArgument`: not such a key.
  static Result<std::shared_ptr<const RequestIdentity>> from_pem(std::string_view pem,
                                                                 std::uint64_t expiration_ms = 60'000);
  ~RequestIdentity();
  RequestIdentity(const RequestIdentity&) = delete;
  RequestIdentity& operator=(const RequestIdentity&) = delete;

  /// `publickeyv1_...`, what users give to their SDK. Worth a log line at start.
  const std::string& public_key() const { return public_key_; }

  /// `path` is `/discover` or `/invoke/{service}/{handler}`, without the path of the endpoint's URI;
  /// `service_key` only for keyed targets.
  std::vector<wire::Header> headers(std::string_view path,
                                    const std::optional<std::string>& service_key,
                                    WallTime now) const;
  /// The token alone.
  std::string token(std::string_view path, const std::optional<std::string>& service_key,
                    WallTime now) const;

 private:
  struct Key;
  RequestIdentity(std::unique_ptr<Key> key, std::string public_key, std::uint64_t expiration_ms);

  std::unique_ptr<Key> key_;
  std::string public_key_;
  std::uint64_t expiration_s_;
};

/// Base58 with Bitcoin's alphabet.
std::string base58(std::string_view bytes);

}  // namespace restate::protocol
