#include "common/hash.h"

#include "support/catch.h"
#include "support/vectors.h"

#include <optional>
#include <set>

using namespace restate;
using testing::load_vectors, testing::looked_at, testing::to_hex;

namespace {

std::string hex_of(PartitionKey key) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(key.value >> shift));
  return to_hex(bytes);
}

std::optional<std::string> optional_of(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
}

}  // namespace

TEST_CASE("keys hash to the recorded partition keys", "[common][hash][vectors]") {
  std::size_t seen = 0;
  const auto vectors = load_vectors("partition_keys.json");
  for (const auto& vector : vectors.at("string_partition_keys")) {
    const std::string input = vector.at("input");
    CAPTURE(input);
    CHECK(hex_of(key_of(input)) == vector.at("partition_key_hex").get<std::string>());
    ++seen;
  }
  for (const auto& vector : vectors.at("unkeyed_service_buckets")) {
    CHECK(hex_of(key_of_bucket(vector.at("service").get<std::string>(),
                               vector.at("bucket").get<std::uint64_t>())) ==
          vector.at("partition_key_hex").get<std::string>());
    ++seen;
  }
  for (const auto& vector : vectors.at("idempotency_partition_keys")) {
    const std::string key = vector.at("idempotency_key");
    CHECK(hex_of(key_of(key)) == vector.at("key_hash_hex").get<std::string>());
    CHECK(bucket_of(key) == vector.at("bucket").get<std::uint64_t>());
    CHECK(hex_of(key_of_bucket(vector.at("service").get<std::string>(), bucket_of(key))) ==
          vector.at("partition_key_hex").get<std::string>());
    ++seen;
  }
  looked_at("partition keys", seen,
            vectors.at("string_partition_keys").size() +
                vectors.at("unkeyed_service_buckets").size() +
                vectors.at("idempotency_partition_keys").size());
}

TEST_CASE("uuids and keys of invocations are as recorded", "[common][hash][vectors]") {
  const auto vectors = load_vectors("invocation_ids.json");
  std::size_t seen = 0, recorded = 0;
  for (const auto& [group, rows] : vectors.items()) {
    if (!rows.is_array()) continue;
    recorded += rows.size();
    for (const auto& row : rows) {
      const auto scope = optional_of(row.at("scope"));
      const auto key = optional_of(row.at("key"));
      const std::string service = row.at("service"), handler = row.at("handler");
      const auto idempotency_key = optional_of(row.at("server_idempotency_key"));
      const std::string expected = row.at("invocation_uuid_hex");
      CAPTURE(group, service, handler);
      if (idempotency_key) {
        CHECK(to_hex(idempotent_uuid(scope, service, key, handler, *idempotency_key).view()) ==
              expected);
      } else if (handler == "run" && key) {
        CHECK(to_hex(workflow_uuid(scope, service, *key).view()) == expected);
      } else {
        CHECK_FALSE(row.at("deterministic_uuid").get<bool>());
      }
      const std::string partition_key = row.at("partition_key_hex");
      if (scope) {
        CHECK(hex_of(key_of(*scope)) == partition_key);
      } else if (key) {
        CHECK(hex_of(key_of(*key)) == partition_key);
      } else if (group == "controlled_idempotent_sharding_on") {
        CHECK(hex_of(key_of_bucket(service, bucket_of(idempotency_key.value()))) == partition_key);
      } else {
        CHECK(hex_of(key_of(idempotency_key.value())) == partition_key);
      }
      ++seen;
    }
  }
  looked_at("identities", seen, recorded);
}

TEST_CASE("uuids come from the recorded texts", "[common][hash][vectors]") {
  std::size_t seen = 0;
  const auto vectors = load_vectors("partition_keys.json");
  for (const auto& vector : vectors.at("invocation_uuid_preimages")) {
    const std::string text = vector.at("preimage_utf8");
    CAPTURE(text);
    CHECK(to_hex(sha256(text)).substr(0, 32) == vector.at("uuid_hex").get<std::string>());
    ++seen;
  }
  looked_at("texts of uuids", seen, vectors.at("invocation_uuid_preimages").size());
  CHECK(to_hex(workflow_uuid("tenant-1", "RawWf", "wf1").view()) ==
        "7418b20fd2e8158713ee6fc358e9204d");
}

TEST_CASE("the seed of an invocation is as recorded", "[common][hash][vectors]") {
  const auto vectors = load_vectors("ids_misc.json");
  for (const auto& vector : vectors.at("random_seed_siphash13")) {
    const auto id = InvocationId::parse(vector.at("invocation_id").get<std::string>());
    REQUIRE(id);
    const auto& seed = vector.at("random_seed");
    const std::string expected = seed.is_string() ? seed.get<std::string>() : seed.dump();
    CHECK(std::to_string(seed_of(*id)) == expected);
  }
}

TEST_CASE("sha256 is sha256", "[common][hash]") {
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  // Texts of every length around the borders of blocks, as another program hashes them.
  std::string chain;
  for (std::size_t length = 0; length <= 200; ++length) {
    chain = sha256(chain + std::string(length, 'a'));
  }
  CHECK(to_hex(chain) == "86de8167774d99c6ba788261973fd91a1630281568ba6e42063a40ab9d4d28a9");
}

TEST_CASE("siphash takes every length", "[common][hash]") {
  std::set<std::uint64_t> seen;
  std::string text;
  for (int i = 0; i < 40; ++i, text.push_back('a')) seen.insert(siphash13(text));
  CHECK(seen.size() == 40);
}

TEST_CASE("ulids sort by time and read as text", "[common][hash]") {
  const Uuid first = make_ulid(1469918176385, 0, 0);
  CHECK(ulid_text(first).substr(0, 10) == "01ARYZ6S41");
  CHECK(ulid_text(first).substr(10) == "0000000000000000");
  CHECK(ulid_text(first) < ulid_text(make_ulid(1469918176386, 0, 0)));
  CHECK(first < make_ulid(1469918176386, 0, 0));
  Uuid largest;
  largest.bytes.fill(0xff);
  CHECK(ulid_text(largest) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  CHECK(make_ulid(1, ~0ull, ~0ull).high() >> 16 == 1);
}
