#include "wire/entry.h"

#include "common/hash.h"
#include "support/catch.h"
#include "support/vectors.h"

#include <set>
#include <string>

using namespace restate;
using namespace restate::wire;

namespace {

Bytes hex(std::string_view text) { return Bytes(testing::from_hex(text)); }

template <class Entry>
Entry decode_as(EntryType type, const Bytes& body) {
  auto content = decode_entry(type, body);
  INFO(entry_type_name(type));
  REQUIRE(content);
  REQUIRE(std::holds_alternative<Entry>(*content));
  return std::get<Entry>(std::move(*content));
}

}  // namespace

TEST_CASE("recorded entries come back byte for byte", "[wire][entry][vectors]") {
  std::set<EntryType> seen;
  int entries = 0;
  for (const auto& frame : testing::recorded_frames()) {
    if (!is_known_entry(frame.type)) continue;
    const auto type = static_cast<EntryType>(frame.type);
    const Bytes body = Bytes(frame.bytes).slice(8);
    INFO(frame.message << " " << frame.decoded.dump());
    auto content = decode_entry(type, body);
    REQUIRE(content);
    CHECK(encode_entry(type, *content, entry_name(type, body)) == body);
    seen.insert(type);
    ++entries;
  }
  CHECK(entries >= 55);
  CHECK(seen.size() == 32);  // every type there is
}

TEST_CASE("the fields of recorded entries mean what the recording says", "[wire][entry]") {
  const auto call = decode_as<CallEntry>(
      EntryType::kCall,
      hex("0a0352617712046563686f1a027031221a0a0c636f6e74656e742d74797065120a746578742f706c61696e"
          "22080a03782d681201315001580262026331"));
  CHECK(call.request.service == "Raw");
  CHECK(call.request.handler == "echo");
  CHECK(call.request.parameter == Bytes("p1"));
  REQUIRE(call.request.headers.size() == 2);
  CHECK(call.request.headers[0] == Header{"content-type", "text/plain"});
  CHECK(call.invocation_id_completion == CompletionId{1});
  CHECK(call.completion == CompletionId{2});
  CHECK_FALSE(call.request.idempotency_key);

  const auto sleep = decode_as<SleepEntry>(EntryType::kSleep, hex("08f18bcdfb9f34580462027a7a"));
  CHECK(sleep.wake_up == WallTime{1795287107057});
  CHECK(sleep.completion == CompletionId{4});
  CHECK(entry_name(EntryType::kSleep, hex("08f18bcdfb9f34580462027a7a")) == "zz");

  const auto keys = decode_as<Notification>(EntryType::kGetLazyStateKeysCompletion,
                                            hex("08038a01060a01610a0162"));
  CHECK(keys.id == NotificationId(CompletionId{3}));
  CHECK(std::get<StateKeys>(keys.result).keys == std::vector<Bytes>{"a", "b"});

  const auto failed = decode_as<Notification>(EntryType::kRunCompletion,
                                              hex("080332100899031203626164" "1a060a016b120176"));
  CHECK(std::get<Failure>(failed.result) == Failure{409, "bad", {{"k", "v"}}});
}

TEST_CASE("payloads are slices of the body", "[wire][entry]") {
  const Bytes body = encode_entry(EntryType::kOutput, OutputEntry{Bytes("a payload")});
  const auto output = decode_as<OutputEntry>(EntryType::kOutput, body);
  const auto& value = std::get<Bytes>(output.result);
  CHECK(value.data() >= body.data());
  CHECK(value.data() + value.size() <= body.data() + body.size());
}

TEST_CASE("an empty value is not a missing one", "[wire][entry]") {
  const Bytes empty =
      encode_entry(EntryType::kGetEagerState, GetEagerStateEntry{Bytes("k"), Bytes()});
  CHECK(decode_as<GetEagerStateEntry>(EntryType::kGetEagerState, empty).value == Bytes());
  const Bytes missing =
      encode_entry(EntryType::kGetEagerState, GetEagerStateEntry{Bytes("k"), std::nullopt});
  CHECK_FALSE(decode_as<GetEagerStateEntry>(EntryType::kGetEagerState, missing).value);
  CHECK(empty != missing);
}

TEST_CASE("optional texts keep the difference between absent and empty", "[wire][entry]") {
  CallEntry call;
  call.request.service = "S";
  call.request.handler = "h";
  call.request.idempotency_key = "";
  const auto again = decode_as<CallEntry>(EntryType::kCall, encode_entry(EntryType::kCall, call));
  CHECK(again.request.idempotency_key == std::optional<std::string>(""));
  CHECK_FALSE(again.request.scope);
}

TEST_CASE("a list of state keys is judged without being made", "[wire][entry]") {
  const Bytes keys = encode_entry(EntryType::kGetEagerStateKeys,
                                  GetEagerStateKeysEntry{StateKeys{{Bytes("a"), Bytes("b")}}});
  CHECK(check_get_eager_state_keys(keys));
  CHECK(check_get_eager_state_keys(Bytes()));
  // Whatever is cut off or changed: both say the same, in the same words.
  std::size_t refused = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string changed = keys.str();
    changed[i] = static_cast<char>(changed[i] ^ 0x05);
    for (const Bytes& body : {keys.slice(0, i), Bytes(changed)}) {
      const auto made = decode_entry(EntryType::kGetEagerStateKeys, body);
      const auto judged = check_get_eager_state_keys(body);
      REQUIRE(made.has_value() == judged.has_value());
      if (made) continue;
      ++refused;
      CHECK(made.error().message == judged.error().message);
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("entries without their essential part are refused", "[wire][entry]") {
  CHECK(decode_entry(EntryType::kOutput, Bytes()) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kCompletePromise, hex("0a0161")) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kSendSignal, hex("0a01611001")) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kAttachInvocation, hex("5801")) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kCompleteAwakeable, hex("0a0161")) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kSleepCompletion, hex("0801")) == Code::kInvalidArgument);
  CHECK(decode_entry(EntryType::kSleepCompletion, hex("2200")) == Code::kInvalidArgument);
  // An id that is none.
  CHECK(decode_entry(EntryType::kCallInvocationIdCompletion, hex("0801820103696e76")) ==
        Code::kInvalidArgument);
  // Not UTF-8 where the schema says string.
  CHECK(decode_entry(EntryType::kGetPromise, hex("0a01ff5801")) == Code::kInvalidArgument);
}

TEST_CASE("no prefix of an entry crashes the decoder", "[wire][entry]") {
  CallEntry call;
  call.request = {"Service", "handler", "key", Bytes("parameter"), {{"a", "b"}}, "ik", "s", "l/l"};
  call.completion = {300};
  const Bytes body = encode_entry(EntryType::kCall, call, "name");
  for (std::size_t size = 0; size < body.size(); ++size) {
    // Copied to memory of exactly that size, so that the sanitizer sees a step too far.
    (void)decode_entry(EntryType::kCall, body.slice(0, size).compact());
  }
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\x7f'}) {
      std::string damaged = body.str();
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      (void)decode_entry(EntryType::kCall, Bytes(damaged));
    }
  }
  SUCCEED();
}

TEST_CASE("references to invocations resolve to ids", "[wire][entry]") {
  const std::string text = "inv_1i8xrkNaRdwU2NfSp0vdjSGENvDCIBxeMI";
  const auto by_id = resolve(text);
  REQUIRE(by_id);
  CHECK(by_id->str() == text);
  CHECK(resolve(std::string("inv_1x")) == Code::kInvalidArgument);

  const auto workflow = resolve(WorkflowRef{"Wf", "k1", std::nullopt});
  REQUIRE(workflow);
  CHECK(workflow->key.value == 0x548ae3cba54055b3);
  CHECK(workflow->uuid == workflow_uuid(std::nullopt, "Wf", "k1"));

  const auto keyed = resolve(IdempotentRef{"Obj", "h", "ik", "k1", std::nullopt});
  REQUIRE(keyed);
  CHECK(keyed->key.value == 0x548ae3cba54055b3);
  const auto scoped = resolve(IdempotentRef{"Svc", "h", "ik", std::nullopt, "k1"});
  REQUIRE(scoped);
  CHECK(scoped->key.value == 0x548ae3cba54055b3);
  const auto unkeyed = resolve(IdempotentRef{"Svc", "h", "ik", std::nullopt, std::nullopt});
  REQUIRE(unkeyed);
  CHECK(unkeyed->key == key_of_bucket("Svc", bucket_of("ik")));
}

TEST_CASE("more headers and more metadata than anybody has are refused", "[wire][entry]") {
  // Two bytes each: a message of a few megabytes would be decoded to a gigabyte.
  const auto pairs = [](std::string_view one, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all.append(one);
    return all;
  };
  constexpr std::size_t kMost = 10'000;
  for (const auto& [type, one] : {std::pair{EntryType::kCall, std::string_view("\x22\x00", 2)},
                                  {EntryType::kOneWayCall, std::string_view("\x2a\x00", 2)},
                                  {EntryType::kInput, std::string_view("\x0a\x00", 2)}}) {
    CAPTURE(entry_type_name(type));
    CHECK(decode_entry(type, Bytes(pairs(one, kMost))));
    CHECK_FALSE(decode_entry(type, Bytes(pairs(one, kMost + 1))));
  }
  const auto output = [&](std::size_t count) {
    const std::string metadata = pairs(std::string_view("\x1a\x00", 2), count);
    std::string body("\x7a");
    for (std::size_t n = metadata.size(); n > 0; n >>= 7) {
      body.push_back(static_cast<char>((n & 0x7f) | (n >= 0x80 ? 0x80 : 0)));
    }
    return Bytes(body + metadata);
  };
  CHECK(decode_entry(EntryType::kOutput, output(kMost)));
  CHECK_FALSE(decode_entry(EntryType::kOutput, output(kMost + 1)));
}
