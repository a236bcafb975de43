#include <restate/ids.h>

#include "common/hash.h"
#include "support/catch.h"
#include "support/vectors.h"

#include <set>

using namespace restate;
using testing::from_hex, restate::testing::load_vectors;

namespace {

std::string text_of(const std::array<std::uint8_t, 24>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

InvocationId id_from_hex(const nlohmann::json& hex) {
  return InvocationId::from_bytes(from_hex(hex.get<std::string>()));
}

}  // namespace

TEST_CASE("invocation ids read and write as recorded", "[common][ids][vectors]") {
  std::size_t seen = 0, recorded = 0;
  const auto vectors = load_vectors("invocation_ids.json");
  for (const auto& [name, rows] : vectors.items()) recorded += rows.is_array() ? rows.size() : 0;
  for (const char* group : {"controlled_idempotent_sharding_on",
                            "controlled_idempotent_sharding_off", "scoped_vqueues_enabled"}) {
    for (const auto& vector : vectors.at(group)) {
      const std::string text = vector.at("invocation_id");
      CAPTURE(text);
      const auto id = InvocationId::parse(text);
      REQUIRE(id);
      CHECK(id->str() == text);
      CHECK(*id == id_from_hex(vector.at("invocation_id_bytes_hex")));
      CHECK(text_of(id->bytes()) ==
            from_hex(vector.at("invocation_id_bytes_hex").get<std::string>()));
      CHECK(std::to_string(id->key.value) == vector.at("partition_key_dec").get<std::string>());
      CHECK(id->uuid.view() == from_hex(vector.at("invocation_uuid_hex").get<std::string>()));
      ++seen;
    }
  }
  restate::testing::looked_at("invocation ids", seen, recorded);
}

TEST_CASE("a broken invocation id is told what is wrong with it", "[common][ids]") {
  struct Case {
    const char* text;
    const char* reason;
  };
  const std::string good = "inv_1i8xrkNaRdwU2NfSp0vdjSGENvDCIBxeMI";
  REQUIRE(InvocationId::parse(good));
  CHECK(InvocationId::parse(good + "a").error().message == "bad length");
  const auto sample = GENERATE(
      values<Case>({{"", "bad length"},
                    {"foo", "bad format"},
                    {"xyz_1abc", "unrecognized resource type: xyz"},
                    {"prom_1abc", "id doesn't match the expected type"},
                    {"dp_13d6lyydwX2XjO1nMAsPVcd", "id doesn't match the expected type"},
                    {"inv_", "bad length"},
                    {"inv_1abc", "bad length"},
                    {"inv_2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "unrecognized codec version"},
                    {"inv_1!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "base62 decode error"},
                    {"inv_1ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "base62 decode error"}}));
  CAPTURE(sample.text);
  const auto id = InvocationId::parse(sample.text);
  REQUIRE(id == Code::kInvalidArgument);
  CHECK(id.error().message == sample.reason);
}

TEST_CASE("deployment ids are ulids", "[common][ids][vectors]") {
  const auto vectors = load_vectors("ids_misc.json");
  for (const auto& vector : vectors.at("resource_ids")) {
    const auto id = DeploymentId::parse(vector.at("id").get<std::string>());
    REQUIRE(id);
    CHECK(id->str() == vector.at("id").get<std::string>());
    CHECK(id->ulid.view() == from_hex(vector.at("ulid_bytes_hex").get<std::string>()));
    CHECK(id->ulid.high() >> 16 == vector.at("ulid_timestamp_ms").get<std::uint64_t>());
  }
  CHECK(DeploymentId::parse("inv_1i8xrkNaRdwU2NfSp0vdjSGENvDCIBxeMI") == Code::kInvalidArgument);
  CHECK(DeploymentId::parse("dp_1i8xrkNaRdwU") == Code::kInvalidArgument);
}

TEST_CASE("awakeable ids carry an invocation and a signal", "[common][ids][vectors]") {
  const auto vectors = load_vectors("ids_misc.json");
  for (const auto& vector : vectors.at("awakeables")) {
    const std::string text = vector.at("id");
    const auto id = AwakeableId::parse(text);
    REQUIRE(id);
    CHECK(id->invocation == id_from_hex(vector.at("invocation_id_bytes_hex")));
    CHECK(id->signal == vector.at("signal_index").get<std::uint32_t>());
    CHECK(id->str() == text);
  }
  CHECK(AwakeableId::parse("sign_1abc").error().message == "bad length");
  CHECK(AwakeableId::parse("sign_1!!!!").error().message == "base62 decode error");
  CHECK(AwakeableId::parse("prom_1abc").error().message == "id doesn't match the expected type");
}

TEST_CASE("partitions tile the key space as recorded", "[common][ids][vectors]") {
  const auto vectors = load_vectors("partition_keys.json");
  for (const auto& table : vectors.at("partition_ranges")) {
    const auto count = table.at("num_partitions").get<std::uint32_t>();
    for (const auto& row : table.at("ranges")) {
      const KeyRange range = partition_range(row.at("partition_id").get<std::uint32_t>(), count);
      CHECK(std::to_string(range.first) == row.at("start").get<std::string>());
      CHECK(std::to_string(range.last) == row.at("end").get<std::string>());
    }
    std::uint64_t next = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const KeyRange range = partition_range(i, count);
      CHECK(range.first == next);
      CHECK(range.contains({range.first}));
      CHECK(range.contains({range.last}));
      next = range.last + 1;
      CHECK(range.contains({next}) == (count == 1));
    }
    CHECK(next == 0);  // wrapped around: nothing is left
  }
}

TEST_CASE("small ids print as people write them", "[common][ids]") {
  CHECK(GenerationalNodeId{NodeId{1}, 2}.str() == "N1:2");
  CHECK(NodeId{1} < NodeId{2});
  CHECK(IdHash{}(InvocationId{{1}, {}}) != IdHash{}(InvocationId{{2}, {}}));
}
