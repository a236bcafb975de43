#include "query/pg/scram.h"

#include "common/base64.h"
#include "common/hash.h"

namespace restate::query::pg {
namespace {

constexpr std::size_t kBlockBytes = 64;

std::string combined(std::string_view a, std::string_view b) {
  std::string out(a);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

std::string hmac(std::string_view key, std::string_view text) {
  std::string block(key.size() > kBlockBytes ? sha256(key) : std::string(key));
  block.resize(kBlockBytes, '\0');
  const std::string inner = combined(block, std::string(kBlockBytes, 0x36));
  const std::string outer = combined(block, std::string(kBlockBytes, 0x5c));
  return sha256(outer + sha256(inner + std::string(text)));
}

/// PBKDF2 for one block.
std::string salted(std::string_view password, const std::string& salt, std::uint32_t iterations) {
  std::string block = hmac(password, salt + std::string("\0\0\0\1", 4));
  std::string sum = block;
  for (std::uint32_t i = 1; i < iterations; ++i) {
    block = hmac(password, block);
    sum = combined(sum, block);
  }
  return sum;
}

/// The value of `x=...` at the front of `rest`, which loses it.
Result<std::string_view> take(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') {
    return Error{Code::kInvalidArgument,
                 std::string("the SCRAM message has no attribute ") + name + " where it belongs"};
  }
  const std::size_t comma = rest.find(',');
  const std::string_view value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return value;
}

}  // namespace

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

Credentials make_credentials(std::string_view password, std::string salt,
                             std::uint32_t iterations) {
  const std::string key = salted(password, salt, iterations);
  return {std::move(salt), iterations, sha256(hmac(key, "Client Key")), hmac(key, "Server Key")};
}

Result<std::string> ScramExchange::first(std::string_view message) {
  // `n,,n=user,r=nonce`: no channel binding, no other identity.
  const std::size_t comma = message.find(',');
  const std::size_t bare = comma == std::string_view::npos ? comma : message.find(',', comma + 1);
  if (bare == std::string_view::npos || (message[0] != 'n' && message[0] != 'y') || comma != 1) {
    return Error{Code::kInvalidArgument,
                 "the SCRAM message asks for channel binding, which is not offered, or is malformed"};
  }
  header_ = message.substr(0, bare + 1);
  std::string_view rest = message.substr(bare + 1);
  const std::string client_first(rest);
  RESTATE_TRY(const std::string_view user, take(rest, 'n'));
  static_cast<void>(user);  // the start-up message has named it
  RESTATE_TRY(const std::string_view client_nonce, take(rest, 'r'));
  nonce_ = std::string(client_nonce) + nonce_;
  const std::string answer = "r=" + nonce_ + ",s=" + base64::encode(credentials_.salt) +
                             ",i=" + std::to_string(credentials_.iterations);
  transcript_ = client_first + "," + answer;
  return answer;
}

Result<std::string> ScramExchange::last(std::string_view message) {
  std::string_view rest = message;
  RESTATE_TRY(const std::string_view header, take(rest, 'c'));
  RESTATE_TRY(const std::string_view nonce, take(rest, 'r'));
  if (header != base64::encode(header_) || nonce != nonce_) {
    return Error{Code::kInvalidArgument, "the SCRAM messages do not belong together"};
  }
  const std::size_t proof_at = message.rfind(",p=");
  if (proof_at == std::string_view::npos) {
    return Error{Code::kInvalidArgument, "the SCRAM message has no proof"};
  }
  auto proof = base64::decode(message.substr(proof_at + 3));
  transcript_ += "," + std::string(message.substr(0, proof_at));
  const std::string signature = hmac(credentials_.stored_key, transcript_);
  if (!proof || proof->size() != signature.size() ||
      !same_secret(sha256(combined(*proof, signature)), credentials_.stored_key)) {
    return Error{Code::kUnauthenticated, "the password is wrong"};
  }
  return "v=" + base64::encode(hmac(credentials_.server_key, transcript_));
}

}  // namespace restate::query::pg
