#include "common/hash.h"

#include <xxhash.h>

#include <bit>

namespace restate {
namespace {

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

Uuid uuid_of(std::string_view preimage) { return Uuid::from(std::string_view(sha256(preimage)).substr(0, 16)); }

}  // namespace

std::uint64_t xxh3_64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Uuid xxh3_128(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return Uuid::from(std::string_view(reinterpret_cast<const char*>(canonical.digest), 16));
}

std::uint64_t siphash13(std::string_view bytes) {
  // The four initial words are SipHash's constants, xored with a key of zero.
  std::uint64_t v0 = 0x736f6d6570736575, v1 = 0x646f72616e646f6d;
  std::uint64_t v2 = 0x6c7967656e657261, v3 = 0x7465646279746573;
  const auto round = [&] {
    v0 += v1; v1 = std::rotl(v1, 13); v1 ^= v0; v0 = std::rotl(v0, 32);
    v2 += v3; v3 = std::rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = std::rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = std::rotl(v1, 17); v1 ^= v2; v2 = std::rotl(v2, 32);
  };
  const auto word = [](std::string_view part) {
    std::uint64_t value = 0;
    for (std::size_t i = part.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(part[i]);
    return value;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const std::uint64_t m = word(bytes.substr(at, 8));
    v3 ^= m;
    round();
    v0 ^= m;
  }
  const std::uint64_t last = word(bytes.substr(at)) | static_cast<std::uint64_t>(bytes.size()) << 56;
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xff;
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}

PartitionKey key_of(std::string_view service_key) {
  std::string preimage(service_key);
  preimage.push_back('\xff');
  return {xxh3_64(preimage)};
}

PartitionKey key_of_bucket(std::string_view service, std::uint64_t bucket) {
  std::string preimage(service);
  preimage.append("\xffunscoped/service\xff");
  for (int i = 0; i < 8; ++i) preimage.push_back(static_cast<char>(bucket >> (8 * i)));
  return {xxh3_64(preimage)};
}

std::uint64_t bucket_of(std::string_view idempotency_key) {
  return key_of(idempotency_key).value % kServiceBuckets;
}

Uuid workflow_uuid(const std::optional<std::string>& scope, std::string_view workflow,
                   std::string_view key) {
  std::string preimage = "wf,";
  if (scope) preimage.append(*scope).push_back(',');
  preimage.append(workflow).append(",").append(key);
  return uuid_of(preimage);
}

Uuid idempotent_uuid(const std::optional<std::string>& scope, std::string_view service,
                     const std::optional<std::string>& key, std::string_view handler,
                     std::string_view idempotency_key) {
  std::string preimage = "ik,";
  if (scope) preimage.append(*scope).push_back(',');
  preimage.append(service).push_back(',');
  if (key) preimage.append(*key).push_back(',');
  preimage.append(handler).append(",").append(idempotency_key);
  return uuid_of(preimage);
}

Uuid make_ulid(std::uint64_t now_ms, std::uint64_t random_high, std::uint64_t random_low) {
  std::string raw;
  append_big_endian(raw, now_ms << 16 | (random_high & 0xffff));
  append_big_endian(raw, random_low);
  return Uuid::from(raw);
}

std::string ulid_text(const Uuid& ulid) {
  constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  // 130 bits of text for 128 bits of id: the first character carries three of them.
  std::uint64_t high = ulid.high(), low = ulid.low();
  for (std::size_t i = 26; i-- > 0;) {
    text[i] = kCrockford[low & 31];
    low = low >> 5 | high << 59;
    high >>= 5;
  }
  return text;
}

std::uint64_t seed_of(const InvocationId& id) {
  const auto raw = id.bytes();
  std::string preimage("\x18\0\0\0\0\0\0\0", 8);
  preimage.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  return siphash13(preimage);
}

}  // namespace restate
