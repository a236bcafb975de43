#pragma once

/// \file
/// SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: both prove that they know the password, and
/// nobody who listens learns it.

#include <restate/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::query::pg {

/// What the server keeps of a password.
struct Credentials {
  std::string salt;
  std::uint32_t iterations = 0;
  std::string stored_key;
  std::string server_key;
};

inline constexpr std::uint32_t kScramIterations = 4096;

Credentials make_credentials(std::string_view password, std::string salt,
                             std::uint32_t iterations = kScramIterations);

/// One conversation: `first`, then `last`. Errors:
/// - `kInvalidArgument`: the message is malformed, or asks for what is not offered.
/// - `kUnauthenticated`: the password is another one.
class ScramExchange {
 public:
  /// `nonce` is random and printable, without commas.
  ScramExchange(const Credentials& credentials, std::string nonce)
      : credentials_(credentials), nonce_(std::move(nonce)) {}

  Result<std::string> first(std::string_view message);
  Result<std::string> last(std::string_view message);

 private:
  const Credentials& credentials_;
  std::string nonce_;
  std::string header_;  ///< of the first message, which the last one repeats
  std::string transcript_;
};

/// Takes the same time wherever they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace restate::query::pg
