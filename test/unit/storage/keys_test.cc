#include "storage/keys.h"
#include "runtime/split_mix.h"
#include "support/catch.h"

#include <restate/storage/view.h>

#include <string>
#include <tuple>

namespace restate::storage {
namespace {

/// Short strings of few letters, so that equal ones and prefixes of each other are common.
std::string some_string(Random& random) {
  static constexpr char kLetters[] = {'\0', '\x01', 'a', '\xfe', '\xff'};
  std::string text;
  const std::uint64_t size = random.below(4);
  for (std::uint64_t i = 0; i < size; ++i) text.push_back(kLetters[random.below(5)]);
  return text;
}

std::uint64_t some_number(Random& random) {
  const std::uint64_t dice = random.below(4);
  if (dice == 0) return random.below(3);
  if (dice == 1) return UINT64_MAX - random.below(3);
  return random.next() >> random.below(64);
}

/// One component of each kind.
struct Components {
  std::uint64_t prefix;
  std::optional<std::string> scope;
  std::string name;
  std::int64_t signed_number;
  std::uint32_t number;
  std::uint64_t falling;
  Uuid uuid;
  std::string tail;

  auto tuple() const {
    return std::tuple(prefix, scope, name, signed_number, number, ~falling, uuid, tail);
  }
  bool operator==(const Components& other) const { return tuple() == other.tuple(); }
};

Components some_components(Random& random) {
  Components c{};
  c.prefix = some_number(random) & 3;
  if (random.below(2) == 0) c.scope = some_string(random);
  c.name = some_string(random);
  c.signed_number = static_cast<std::int64_t>(some_number(random));
  c.number = static_cast<std::uint32_t>(some_number(random));
  c.falling = some_number(random);
  c.uuid.bytes[15] = static_cast<std::uint8_t>(random.below(2) * 255);
  c.tail = some_string(random);
  return c;
}

std::string encode(const Components& c) {
  return KeyWriter("st", c.prefix)
      .opt_str(c.scope)
      .str(c.name)
      .i64(c.signed_number)
      .u32(c.number)
      .desc([&](KeyWriter& key) { key.u64(c.falling); })
      .uuid(c.uuid)
      .tail(c.tail)
      .take();
}

Components decode(std::string_view key) {
  KeyReader reader(key);
  CHECK(reader.tag() == "st");
  Components c{};
  c.prefix = reader.u64();
  c.scope = reader.opt_str();
  c.name = reader.str();
  c.signed_number = reader.i64();
  c.number = reader.u32();
  c.falling = reader.desc([](KeyReader& r) { return r.u64(); });
  c.uuid = reader.uuid();
  c.tail = reader.tail();
  CHECK(reader.finish());
  return c;
}

}  // namespace

TEST_CASE("keys compare like the tuples they were made of", "[storage][keys]") {
  SplitMix64 random(GENERATE(1, 2, 3));
  for (int i = 0; i < 3000; ++i) {
    const Components a = some_components(random);
    Components b = some_components(random);
    // Mostly equal tuples, so that late components decide, too.
    if (random.below(2) == 0) b.prefix = a.prefix;
    if (random.below(2) == 0) b.scope = a.scope, b.name = a.name;
    if (random.below(2) == 0) b.signed_number = a.signed_number, b.number = a.number;
    const std::string x = encode(a), y = encode(b);
    REQUIRE((x < y) == (a.tuple() < b.tuple()));
    REQUIRE((x == y) == (a == b));
    REQUIRE(decode(x) == a);
  }
}

TEST_CASE("a descending string sorts backwards and reads back", "[storage][keys]") {
  SplitMix64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string a = some_string(random), b = some_string(random);
    auto key = [](const std::string& text) {
      return KeyWriter("xx", 0).desc([&](KeyWriter& k) { k.str(text); }).u8(7).take();
    };
    REQUIRE((key(a) < key(b)) == (a > b));
    const std::string encoded = key(a);
    KeyReader reader(encoded);
    reader.tag();
    reader.u64();
    CHECK(reader.desc([](KeyReader& r) { return r.str(); }) == a);
    CHECK(reader.u8() == 7);
    CHECK(reader.finish());
  }
}

TEST_CASE("the scan range of one object holds its rows and no other's", "[storage][keys]") {
  SplitMix64 random(9);
  for (int i = 0; i < 3000; ++i) {
    const std::string service = some_string(random), key = some_string(random);
    const std::string object = KeyWriter("st", 1).u8(0).str(service).str(key).take();
    const std::string end = prefix_end(object);
    const std::string other_service = some_string(random), other_key = some_string(random);
    const std::string row =
        KeyWriter("st", 1).u8(0).str(other_service).str(other_key).tail(some_string(random)).take();
    const bool inside = row >= object && (end.empty() || row < end);
    REQUIRE(inside == (service == other_service && key == other_key));
  }
}

TEST_CASE("a state row is laid out as documented", "[storage][keys]") {
  const std::string key = KeyWriter("st", 0x0102030405060708)
                              .opt_str(std::nullopt)
                              .str("Counter")
                              .str("a")
                              .tail("seen")
                              .take();
  CHECK(key == std::string("st\x01\x02\x03\x04\x05\x06\x07\x08\x00"
                           "Counter\x00\x01"
                           "a\x00\x01seen",
                           27));
}

TEST_CASE("damaged keys are noticed, wherever they are cut", "[storage][keys]") {
  const std::string key = KeyWriter("ib", 1).str("name").u32(7).take();
  auto read = [](std::string_view bytes) {
    KeyReader reader(bytes);
    reader.tag();
    reader.u64();
    reader.str();
    reader.u32();
    return reader.finish();
  };
  REQUIRE(read(key));
  for (std::size_t size = 0; size < key.size(); ++size) {
    CHECK(read(std::string_view(key).substr(0, size)) == Code::kCorrupt);
  }
  CHECK(read(key + "x") == Code::kCorrupt);
  KeyReader escape(std::string_view("\0\x02", 2));
  escape.str();
  CHECK(escape.finish() == Code::kCorrupt);
}

}  // namespace restate::storage
