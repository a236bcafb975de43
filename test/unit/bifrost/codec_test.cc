#include <restate/bifrost/logs.h>

#include "bifrost/record_codec.h"
#include "metadata/tree.h"
#include "support/catch.h"
#include "unit/metadata/vectors.h"

using namespace restate;
using namespace restate::bifrost;

namespace {

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return Bytes(std::move(out));
}

}  // namespace

TEST_CASE("a recorded Logs document is understood", "[bifrost][vectors]") {
  const auto logs = decode_logs(from_hex(test::kLogsVector)).value();
  CHECK(logs.version == metadata::Version{3});
  CHECK(logs.config.default_provider == "replicated");
  CHECK(logs.config.replication == metadata::ReplicationProperty{.node = 1});
  CHECK(logs.config.target_nodeset_size == 0);
  CHECK_FALSE(logs.modified_at);
  REQUIRE(logs.logs.size() == 2);
  const Chain* chain = logs.find(LogId{1});
  REQUIRE(chain != nullptr);
  REQUIRE(chain->segments.size() == 1);
  CHECK(chain->last().base == Lsn{1});
  CHECK(chain->last().index == SegmentIndex{0});
  CHECK(chain->last().kind == "replicated");
  CHECK(chain->last().params ==
        R"({"loglet_id":4294967296,"sequencer":"N1:2","replication":{"node":1},"nodeset":[1]})");
  CHECK(logs.find(LogId{2}) == nullptr);

  CHECK(decode_logs(encode(logs)).value() == logs);
  CHECK(metadata::decode_tree(encode(logs)).value() ==
        metadata::decode_tree(from_hex(test::kLogsVector)).value());
}

TEST_CASE("a Logs document survives its encoding", "[bifrost]") {
  Logs logs;
  logs.version = metadata::Version{7};
  logs.config.default_provider = "local";
  logs.modified_at = metadata::HybridTime{99};
  CHECK(decode_logs(encode(logs)).value() == logs);

  Chain chain = Chain::make("local", "1", metadata::HybridTime{5});
  REQUIRE(chain.extend(SegmentIndex{0}, Lsn{1ull << 40}, "in-memory", "2", std::nullopt).has_value());
  REQUIRE(chain.seal(SegmentIndex{1}, Lsn{1ull << 41}, {}).has_value());
  logs.logs[LogId{0}] = Chain::make("local", "0", std::nullopt);
  logs.logs[LogId{UINT32_MAX}] = chain;
  CHECK(decode_logs(encode(logs)).value() == logs);

  SECTION("a chain that breaks the rules is refused") {
    std::swap(logs.logs[LogId{UINT32_MAX}].segments[0], logs.logs[LogId{UINT32_MAX}].segments[1]);
    CHECK(decode_logs(encode(logs)) == Code::kCorrupt);
    logs.logs[LogId{UINT32_MAX}].segments.clear();
    CHECK(decode_logs(encode(logs)) == Code::kCorrupt);
  }
}

TEST_CASE("a record is stored as the format says", "[bifrost][format]") {
  const RecordBatch batch{
      {WallTime{0x0102030405060708}, RecordKeys::none(), "body", nullptr},
      {WallTime{1}, RecordKeys::single(PartitionKey{0x1112131415161718}), "", nullptr},
      {WallTime{2}, RecordKeys::range({3, 4}), Bytes(std::string(1000, 'x')), nullptr},
      {WallTime{2}, {RecordKeys::Kind::kPair, 9, 8}, "y", nullptr},
  };
  const std::vector<Bytes> stored = encode_records(batch);
  REQUIRE(stored.size() == 4);
  CHECK(stored[0] == from_hex("0100000008070605040302016" "26f6479"));
  CHECK(stored[1] == from_hex("0101000001000000000000001817161514131211"));
  for (std::size_t i = 0; i < batch.size(); ++i) CHECK(decode_record(stored[i]).value() == batch[i]);
}

TEST_CASE("a stored record may carry an extension that nobody knows yet", "[bifrost][format]") {
  const auto record = decode_record(from_hex("010100010700000000000000" "0500000000000000" "6162"));
  CHECK(record.value().body == Bytes("ab"));
  const auto extended =
      decode_record(from_hex("010101000700000000000000" "0500000000000000" "03aabbcc" "6162"));
  CHECK(extended.value().body == Bytes("ab"));
  CHECK(extended.value().keys == RecordKeys::single(PartitionKey{5}));
}

TEST_CASE("bytes that are no record are corrupt", "[bifrost][format]") {
  for (const char* hex : {"", "01", "0100000001000000000000", "020000000100000000000000",
                          "010400000100000000000000", "010100000100000000000000ffffffffffffff",
                          "010001000100000000000000", "01000100010000000000000002ff"}) {
    CAPTURE(hex);
    CHECK(decode_record(from_hex(hex)) == Code::kCorrupt);
  }
}

TEST_CASE("records concern who owns one of their keys", "[bifrost]") {
  const KeyRange range{10, 20};
  CHECK(RecordKeys::none().concern(range));
  CHECK(RecordKeys::single(PartitionKey{10}).concern(range));
  CHECK_FALSE(RecordKeys::single(PartitionKey{21}).concern(range));
  CHECK((RecordKeys{RecordKeys::Kind::kPair, 1, 20}).concern(range));
  CHECK_FALSE((RecordKeys{RecordKeys::Kind::kPair, 1, 21}).concern(range));
  CHECK(RecordKeys::range({0, 10}).concern(range));
  CHECK(RecordKeys::range({0, UINT64_MAX}).concern(range));
  CHECK_FALSE(RecordKeys::range({21, 30}).concern(range));
  CHECK(LogletId{LogId{3}, SegmentIndex{7}}.str() == "3_7");
}
