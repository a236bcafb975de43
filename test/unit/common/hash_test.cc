#include "common/hash.h"

#include "support/catch.h"
#include "support/vectors.h"

#include <optional>
#include <set>

using namespace restate;
using testing::load_vectors, testing::to_hex;

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

TEST_CASE("keys hash to the recorded partition keys", "[common][hash]") {
  const auto vectors = load_vectors("partition_keys.json");
  for (const auto& vector : vectors.at("string_partition_keys")) {
    const std::string input = vector.at("input");
    CAPTURE(input);
    CHECK(hex_of(key_of(input)) == vector.at("partition_key_hex").get<std::string>());
  }
  for (const auto& vector : vectors.at("unkeyed_service_buckets")) {
    CHECK(hex_of(key_of_bucket(vector.at("service").get<std::string>(),
                               vector.at("bucket").get<std::uint64_t>())) ==
          vector.at("partition_key_hex").get<std::string>());
  }
  for (const auto& vector : vectors.at("idempotency_partition_keys")) {
    const std::string key = vector.at("idempotency_key");
    CHECK(hex_of(key_of(key)) == vector.at("key_hash_hex").get<std::string>());
    CHECK(bucket_of(key) == vector.at("bucket").get<std::uint64_t>());
    CHECK(hex_of(key_of_bucket(vector.at("service").get<std::string>(), bucket_of(key))) ==
          vector.at("partition_key_hex").get<std::string>());
  }
}

TEST_CASE("uuids of named invocations are as recorded", "[common][hash]") {
  const auto vectors = load_vectors("invocation_ids.json");
  int checked = 0;
  for (const auto& [group, rows] : vectors.items()) {
    if (!rows.is_array()) continue;
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
        ++checked;
      } else if (handler == "run" && key) {
        CHECK(to_hex(workflow_uuid(scope, service, *key).view()) == expected);
        ++checked;
      }
      if (scope) {
        CHECK(hex_of(key_of(*scope)) == row.at("partition_key_hex").get<std::string>());
      } else if (key) {
        CHECK(hex_of(key_of(*key)) == row.at("partition_key_hex").get<std::string>());
      }
    }
  }
  CHECK(checked > 20);
}

TEST_CASE("the seed of an invocation is as recorded", "[common][hash]") {
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
