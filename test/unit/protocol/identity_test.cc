#include "protocol/identity.h"

#include "common/base64.h"
#include "support/catch.h"

#include <openssl/evp.h>

using namespace restate;
using namespace restate::protocol;

namespace {

constexpr std::string_view kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIPe++4ZTPQDF81otpoU/mOGHC2vOAVp9WbiCblvn3nXO\n"
    "-----END PRIVATE KEY-----\n";

struct Token {
  std::string header, claims, signed_part, signature;
};

Token split(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  REQUIRE(second != std::string::npos);
  return {*base64::decode(token.substr(0, first)),
          *base64::decode(token.substr(first + 1, second - first - 1)), token.substr(0, second),
          *base64::decode(token.substr(second + 1))};
}

bool verify(const Token& token, std::string_view raw_public_key) {
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(raw_public_key.data()),
      raw_public_key.size());
  REQUIRE(key != nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  REQUIRE(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1);
  const int good = EVP_DigestVerify(
      context, reinterpret_cast<const unsigned char*>(token.signature.data()), token.signature.size(),
      reinterpret_cast<const unsigned char*>(token.signed_part.data()), token.signed_part.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good == 1;
}

std::string unbase58(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string bytes(32, '\0');
  for (const char c : text) {
    unsigned carry = static_cast<unsigned>(kAlphabet.find(c));
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
      carry += static_cast<unsigned char>(*byte) * 58u;
      *byte = static_cast<char>(carry);
      carry >>= 8;
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("the public key is named as users know it", "[protocol][identity]") {
  const auto identity = RequestIdentity::from_pem(kPem);
  REQUIRE(identity);
  CHECK((*identity)->public_key() == "publickeyv1_AfQwmwfgEZhrWpvv8N52SHpRtZqGGaFr4AZN6qtYWSiY");
}

TEST_CASE("a token says whom it is for, and carries a valid signature", "[protocol][identity]") {
  const auto identity = RequestIdentity::from_pem(kPem, 90'000);
  REQUIRE(identity);
  const WallTime now{1'795'287'107'057};
  const auto headers = (*identity)->headers("/invoke/Greeter/greet", "k\"1", now);
  REQUIRE(headers.size() == 2);
  CHECK(headers[0] == wire::Header{"x-restate-signature-scheme", "v1"});
  CHECK(headers[1].name == "x-restate-jwt-v1");

  Token token = split(headers[1].value);
  CHECK(token.header ==
        "{\"typ\":\"JWT\",\"alg\":\"EdDSA\",\"kid\":\"" + (*identity)->public_key() + "\"}");
  CHECK(token.claims ==
        R"({"aud":"/invoke/Greeter/greet","exp":1795287197,"iat":1795287107,"nbf":1795287017,"sub":"k\"1"})");
  const std::string key = unbase58((*identity)->public_key().substr(12));
  CHECK(verify(token, key));
  token.signed_part[5] ^= 1;
  CHECK_FALSE(verify(token, key));

  // Ed25519 needs no randomness: the same request has the same token.
  CHECK((*identity)->token("/invoke/Greeter/greet", "k\"1", now) == headers[1].value);
}

TEST_CASE("targets without a key have no subject", "[protocol][identity]") {
  const auto identity = RequestIdentity::from_pem(kPem, 10);
  REQUIRE(identity);
  const Token token = split((*identity)->token("/discover", std::nullopt, WallTime{5'000}));
  CHECK(token.claims == R"({"aud":"/discover","exp":6,"iat":5,"nbf":4})");
}

TEST_CASE("other keys are refused", "[protocol][identity]") {
  CHECK(RequestIdentity::from_pem("") == Code::kInvalidArgument);
  CHECK(RequestIdentity::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") ==
        Code::kInvalidArgument);
}

TEST_CASE("base58 keeps leading zeros", "[protocol][identity]") {
  CHECK(base58("") == "");
  CHECK(base58(std::string_view("\0\0", 2)) == "11");
  CHECK(base58("Hello World!") == "2NEpo7TZRRrLZSi2U");
}
