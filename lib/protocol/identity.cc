#include "protocol/identity.h"

#include "common/base64.h"

#include <restate/assert.h>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

namespace restate::protocol {
namespace {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kPublicKeyBytes = 32;

Error bad_key(const char* why) {
  return {Code::kInvalidArgument, std::string("reading the request identity key: ") + why};
}

}  // namespace

struct RequestIdentity::Key {
  explicit Key(EVP_PKEY* k) : key(k) {}
  ~Key() { EVP_PKEY_free(key); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  EVP_PKEY* key;
};

std::string base58(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::vector<unsigned> digits;  // least significant first
  for (const char c : bytes) {
    unsigned carry = static_cast<unsigned char>(c);
    for (unsigned& digit : digits) {
      carry += digit << 8;
      digit = carry % 58;
      carry /= 58;
    }
    while (carry > 0) {
      digits.push_back(carry % 58);
      carry /= 58;
    }
  }
  std::string text;
  for (const char c : bytes) {
    if (c != '\0') break;
    text.push_back(kAlphabet[0]);
  }
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) text.push_back(kAlphabet[*digit]);
  return text;
}

RequestIdentity::RequestIdentity(std::unique_ptr<Key> key, std::string public_key,
                                 std::uint64_t expiration_ms)
    : key_(std::move(key)),
      public_key_(std::move(public_key)),
      expiration_s_(std::max<std::uint64_t>(1, expiration_ms / 1000)) {}

RequestIdentity::~RequestIdentity() = default;

Result<std::shared_ptr<const RequestIdentity>> RequestIdentity::from_pem(
    std::string_view pem, std::uint64_t expiration_ms) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  if (bio == nullptr) return bad_key("out of memory");
  // An empty passphrase: without one OpenSSL would ask at the terminal.
  EVP_PKEY* parsed = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, const_cast<char*>(""));
  BIO_free(bio);
  if (parsed == nullptr) return bad_key("not a private key in PEM");
  auto key = std::make_unique<Key>(parsed);
  if (EVP_PKEY_get_id(parsed) != EVP_PKEY_ED25519) return bad_key("not an Ed25519 key");
  unsigned char raw[kPublicKeyBytes];
  std::size_t size = sizeof raw;
  if (EVP_PKEY_get_raw_public_key(parsed, raw, &size) != 1 || size != sizeof raw) {
    return bad_key("it has no public part");
  }
  std::string name =
      "publickeyv1_" + base58({reinterpret_cast<const char*>(raw), sizeof raw});
  return std::shared_ptr<const RequestIdentity>(
      new RequestIdentity(std::move(key), std::move(name), expiration_ms));
}

std::string RequestIdentity::token(std::string_view path,
                                   const std::optional<std::string>& service_key,
                                   WallTime now) const {
  const std::uint64_t issued = now.ms / 1000;
  nlohmann::ordered_json header;
  header["typ"] = "JWT";
  header["alg"] = "EdDSA";
  header["kid"] = public_key_;
  nlohmann::ordered_json claims;
  claims["aud"] = path;
  claims["exp"] = issued + expiration_s_;
  claims["iat"] = issued;
  // SDKs allow no leeway: a token must be valid a little before it is made.
  claims["nbf"] = issued > expiration_s_ ? issued - expiration_s_ : 0;
  if (service_key) claims["sub"] = *service_key;
  // Keys are bytes from users; what is not UTF-8 must not throw here.
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  std::string token = base64::encode_url(header.dump()) + "." +
                      base64::encode_url(claims.dump(-1, ' ', false, kReplace));

  unsigned char signature[kSignatureBytes];
  std::size_t size = sizeof signature;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool signed_it =
      context != nullptr &&
      EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_->key) == 1 &&
      EVP_DigestSign(context, signature, &size, reinterpret_cast<const unsigned char*>(token.data()),
                     token.size()) == 1;
  EVP_MD_CTX_free(context);
  RESTATE_ASSERT(signed_it, "an Ed25519 key that was accepted can sign");
  token.push_back('.');
  return token.append(base64::encode_url({reinterpret_cast<const char*>(signature), size}));
}

std::vector<wire::Header> RequestIdentity::headers(std::string_view path,
                                                   const std::optional<std::string>& service_key,
                                                   WallTime now) const {
  return {{"x-restate-signature-scheme", "v1"}, {"x-restate-jwt-v1", token(path, service_key, now)}};
}

}  // namespace restate::protocol
