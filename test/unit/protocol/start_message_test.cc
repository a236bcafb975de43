#include "protocol/start_message.h"

#include "support/catch.h"
#include "support/vectors.h"

using namespace restate;
using namespace restate::protocol;

TEST_CASE("recorded Start messages come back byte for byte", "[protocol][start][vectors]") {
  int seen = 0;
  for (const auto& frame : testing::recorded_frames()) {
    if (frame.type != 0x0000) continue;
    ++seen;
    const Bytes payload = Bytes(frame.bytes).slice(8);
    const auto message = decode_start(payload);
    REQUIRE(message);
    INFO(frame.decoded.dump());
    CHECK(message->id.str() == frame.decoded["debugId"].get<std::string>());
    CHECK(message->known_entries == frame.decoded["knownEntries"].get<std::uint32_t>());
    CHECK(message->partial_state == frame.decoded.value("partialState", false));
    CHECK(message->key == frame.decoded.value("key", ""));
    CHECK(std::to_string(message->random_seed) == frame.decoded["randomSeed"].get<std::string>());
    CHECK(encode(*message) == payload);
  }
  CHECK(seen >= 5);
}

TEST_CASE("every field of a Start message arrives", "[protocol][start]") {
  StartMessage message;
  message.id = *InvocationId::parse("inv_1i8xrkNaRdwU2NfSp0vdjSGENvDCIBxeMI");
  message.known_entries = 7;
  message.state = {{Bytes("a"), Bytes("1")}, {Bytes("b"), Bytes()}};
  message.partial_state = true;
  message.key = "k\xC3\xA9";
  message.retry_count_since_last_stored_entry = 3;
  message.duration_since_last_stored_entry_ms = 12345678901;
  message.random_seed = UINT64_MAX;
  message.scope = "tenant";
  message.limit_key = "a/b";
  message.idempotency_key = "";
  const auto again = decode_start(encode(message));
  REQUIRE(again);
  CHECK(*again == message);
}

TEST_CASE("a Start message without an id is none", "[protocol][start]") {
  CHECK(decode_start(Bytes()) == Code::kInvalidArgument);
  CHECK(decode_start(Bytes(testing::from_hex("0a0101"))) == Code::kInvalidArgument);
}
