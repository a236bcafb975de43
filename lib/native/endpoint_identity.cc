#include "native/endpoint_identity.h"

#include "common/base64.h"
#include "protocol/exchange.h"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace restate::native {
namespace {

using IdentityJson = nlohmann::json;

constexpr std::string_view kKeyPrefix = "publickeyv1_";
constexpr std::size_t kKeyBytes = 32;
using RawKey = std::array<unsigned char, kKeyBytes>;

/// Base58 of exactly one key; nothing: it is something else.
std::optional<RawKey> key_of_base58(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  RawKey key{};
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<std::uint32_t>(digit);
    for (auto byte = key.rbegin(); byte != key.rend(); ++byte) {
      carry += std::uint32_t{*byte} * 58;
      *byte = static_cast<unsigned char>(carry);
      carry >>= 8;
    }
    if (carry != 0) return std::nullopt;  // more than a key holds
  }
  // Each leading zero byte is one leading `1`: any other number of them is a text that was cut.
  std::size_t zeros = 0, ones = 0;
  while (zeros < key.size() && key[zeros] == 0) ++zeros;
  while (ones < text.size() && text[ones] == kAlphabet[0]) ++ones;
  if (zeros != ones) return std::nullopt;
  return key;
}

/// What a token is made out to: the path without what a proxy or the endpoint's own URI put in front.
std::string_view signed_path(std::string_view path) {
  const std::size_t invoke = path.rfind("/invoke/");
  if (invoke != std::string_view::npos) return path.substr(invoke);
  const std::size_t discover = path.rfind(protocol::kDiscoverPath);
  return discover == std::string_view::npos ? path : path.substr(discover);
}

Error unidentified(const char* why) {
  return {Code::kUnauthenticated, std::string("identifying a request: ") + why};
}

/// One part of a token: JSON in base64. What is none becomes `discarded`.
IdentityJson part_of_token(std::string_view text) {
  const auto decoded = base64::decode(text);
  if (!decoded) return IdentityJson(IdentityJson::value_t::discarded);
  return IdentityJson::parse(*decoded, nullptr, false);
}

std::optional<std::string> text_claim(const IdentityJson& part, const char* name) {
  if (!part.is_object()) return std::nullopt;
  const auto found = part.find(name);
  if (found == part.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> time_claim(const IdentityJson& part, const char* name) {
  if (!part.is_object()) return std::nullopt;
  const auto found = part.find(name);
  if (found == part.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

}  // namespace

struct RequestVerifier::Key {
  explicit Key(EVP_PKEY* k) : key(k) {}
  ~Key() { EVP_PKEY_free(key); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  bool signed_this(std::string_view text, std::string_view signature) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good =
        context != nullptr && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }

  EVP_PKEY* key;
};

RequestVerifier::RequestVerifier(std::vector<std::unique_ptr<Key>> keys) : keys_(std::move(keys)) {}
RequestVerifier::~RequestVerifier() = default;

Result<std::shared_ptr<const RequestVerifier>> RequestVerifier::from_keys(
    const std::vector<std::string>& public_keys) {
  std::vector<std::unique_ptr<Key>> keys;
  for (const std::string& name : public_keys) {
    const std::string_view text = name;
    std::optional<RawKey> raw;
    if (text.starts_with(kKeyPrefix)) raw = key_of_base58(text.substr(kKeyPrefix.size()));
    EVP_PKEY* key = raw ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw->data(),
                                                      raw->size())
                        : nullptr;
    if (key == nullptr) {
      return Error{Code::kInvalidArgument, "reading the request identity key '" + name +
                                               "': not a public key (publickeyv1_...)"};
    }
    keys.push_back(std::make_unique<Key>(key));
  }
  return std::shared_ptr<const RequestVerifier>(new RequestVerifier(std::move(keys)));
}

Result<void> RequestVerifier::verify(const http::Headers& headers, std::string_view path,
                                     WallTime now) const {
  if (headers.find("x-restate-signature-scheme") != std::optional<std::string_view>("v1")) {
    return unidentified("it is not signed by the scheme v1");
  }
  const auto token = headers.find("x-restate-jwt-v1");
  if (!token) return unidentified("it carries no token");
  const std::size_t first = token->find('.');
  const std::size_t second = token->rfind('.');
  if (first == std::string_view::npos || first == second) {
    return unidentified("its token does not have three parts");
  }
  // The algorithm is ours to choose, never the token's.
  if (text_claim(part_of_token(token->substr(0, first)), "alg") != "EdDSA") {
    return unidentified("its token names another algorithm than EdDSA");
  }
  const auto signature = base64::decode(token->substr(second + 1));
  bool known = false;
  for (const auto& key : keys_) {
    known = known || (signature && key->signed_this(token->substr(0, second), *signature));
  }
  if (!known) return unidentified("its token is signed by none of the keys");

  const IdentityJson claims = part_of_token(token->substr(first + 1, second - first - 1));
  const auto audience = text_claim(claims, "aud");
  const auto expires = time_claim(claims, "exp");
  const auto begins = time_claim(claims, "nbf");
  if (!audience || !expires || !begins || !time_claim(claims, "iat")) {
    return unidentified("its token lacks a claim");
  }
  if (*audience != signed_path(path)) return unidentified("its token is for another path");
  const std::uint64_t seconds = now.ms / 1000;
  if (*begins > seconds) return unidentified("its token is not valid yet");
  if (*expires <= seconds) return unidentified("its token has expired");
  return {};
}

}  // namespace restate::native
