#pragma once

/// \file
/// Hashes whose values are part of a format, and the ids made from them (docs/formats/ids.md).

#include <restate/ids.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace restate {

std::uint64_t xxh3_64(std::string_view bytes);

/// Big endian, as XXH3 writes its canonical form.
Uuid xxh3_128(std::string_view bytes);

/// SHA-256, 32 bytes.
std::string sha256(std::string_view bytes);

/// SipHash-1-3 with a zero key.
std::uint64_t siphash13(std::string_view bytes);

/// The partition key of an object or workflow key, or of a scope.
PartitionKey key_of(std::string_view service_key);

/// Buckets over which the invocations of an unkeyed service spread.
inline constexpr std::uint64_t kServiceBuckets = 512;

/// The partition key of an unkeyed service in one of its buckets.
PartitionKey key_of_bucket(std::string_view service, std::uint64_t bucket);

/// The bucket of an idempotency key.
std::uint64_t bucket_of(std::string_view idempotency_key);

/// The uuid of a workflow's `run`.
Uuid workflow_uuid(const std::optional<std::string>& scope, std::string_view workflow,
                   std::string_view key);

/// The uuid of an invocation with an idempotency key. `key` only for keyed services.
Uuid idempotent_uuid(const std::optional<std::string>& scope, std::string_view service,
                     const std::optional<std::string>& key, std::string_view handler,
                     std::string_view idempotency_key);

/// A time-ordered random id: 48 bits of milliseconds, 80 random bits.
Uuid make_ulid(std::uint64_t now_ms, std::uint64_t random_high, std::uint64_t random_low);

/// 26 characters of Crockford's base32.
std::string ulid_text(const Uuid& ulid);

/// The seed of an invocation's random numbers when nothing else is stored for it.
std::uint64_t seed_of(const InvocationId& id);

}  // namespace restate
