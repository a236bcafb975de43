#include <restate/serde.h>

#include "support/catch.h"

#include <restate/json.h>

#include <charconv>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// A type that travels in a way of its own.
struct Cents {
  long value = 0;
  bool operator==(const Cents&) const = default;
};

// [serde]
template <>
struct restate::Serde<Cents> {
  static constexpr std::string_view kContentType = "application/x-cents";
  static Bytes encode(const Cents& cents) { return std::to_string(cents.value) + " cents"; }
  static Result<Cents> decode(const Bytes& bytes) {
    Cents cents;
    const std::string_view text = bytes.view();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), cents.value);
    if (parsed.ec != std::errc()) return Error{Code::kInvalidArgument, "these are no cents"};
    return cents;
  }
};
// [/serde]

struct Order {
  std::string item;
  int amount = 0;
  std::optional<std::string> note;
  bool operator==(const Order&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, amount, note)

// Its serde throws, as none should.
struct Rude {
  bool with_words = true;  // else something that is no exception
};
template <>
struct restate::Serde<Rude> {
  static constexpr std::string_view kContentType = "application/x-rude";
  static Bytes encode(const Rude& rude) {
    if (rude.with_words) throw std::runtime_error("no");
    throw 1;
  }
  static Result<Rude> decode(const Bytes& bytes) {
    if (!bytes.empty()) throw std::runtime_error("neither");
    throw 1;
  }
};

// Nobody can carry this one.
struct Odd {};

// Its conversion throws what it likes.
struct Moody {};
inline void to_json(nlohmann::json&, const Moody&) { throw std::runtime_error("not today"); }
inline void from_json(const nlohmann::json&, Moody&) { throw std::runtime_error("nor this way"); }

using namespace restate;

namespace {

template <class T>
std::string encoded(const T& value) {
  const Result<Bytes> bytes = detail::encode(value);
  REQUIRE(bytes);
  return bytes->str();
}

template <class T>
void check_same(const T& value, const std::string& text) {
  CAPTURE(text);
  CHECK(encoded(value) == text);
  const Result<T> back = detail::decode<T>(Bytes(text), "it");
  REQUIRE(back);
  CHECK(*back == value);
}

template <class T>
std::string refusal(const std::string& text) {
  const Result<T> value = detail::decode<T>(Bytes(text), "state", "count");
  CAPTURE(text);
  REQUIRE_FALSE(value);
  CHECK(value.error().code == Code::kInvalidArgument);
  CHECK(value.error().message.find("state 'count': ") == 0);
  return value.error().message.substr(15);
}

}  // namespace

TEST_CASE("bytes and texts travel as they are", "[native][serde]") {
  check_same(Bytes("\x01\xff"), "\x01\xff");
  check_same(std::string("Ada \"the\" Lovelace"), "Ada \"the\" Lovelace");
  check_same(std::string(), "");
  CHECK(encoded("a literal") == "a literal");
  CHECK(encoded(std::string_view("a view")) == "a view");
  CHECK(detail::decode<void>(Bytes("whatever"), "it").has_value());
}

TEST_CASE("a type may travel in a way of its own", "[native][serde]") {
  check_same(Cents{1250}, "1250 cents");
  CHECK(refusal<Cents>("much") == "these are no cents");
}

TEST_CASE("what JSON can say travels as JSON", "[native][serde]") {
  check_same(42, "42");
  check_same(true, "true");
  check_same(1.5, "1.5");
  check_same(std::vector<int>{1, 2, 3}, "[1,2,3]");
  check_same(std::map<std::string, bool>{{"b", true}, {"a", false}}, "{\"a\":false,\"b\":true}");
  check_same(std::optional<int>(7), "7");
  check_same(std::vector<std::optional<int>>{1, {}}, "[1,null]");
  check_same(Order{"tea", 2, "hot"}, R"({"amount":2,"item":"tea","note":"hot"})");
  check_same(Order{"tea", 2, {}}, R"({"amount":2,"item":"tea","note":null})");
  check_same(nlohmann::json{{"any", "thing"}}, R"({"any":"thing"})");
  check_same(Json<std::string>("Ada"), "\"Ada\"");
  check_same(Json<std::vector<std::string>>({"a", "b"}), R"(["a","b"])");

  CHECK(encoded(std::optional<int>()) == "null");
  for (const char* text : {"null", ""}) {
    const auto none = detail::decode<std::optional<int>>(Bytes(text), "it");
    REQUIRE(none);
    CHECK_FALSE(none->has_value());
  }
}

TEST_CASE("a whole number is whole and fits", "[native][serde]") {
  check_same(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
  check_same(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
  check_same(std::int8_t{-128}, "-128");
  check_same(std::uint8_t{255}, "255");
  CHECK(refusal<std::int8_t>("-129") == "expected a whole number from -128 to 127, found -129");
  CHECK(refusal<std::int8_t>("128") == "expected a whole number from -128 to 127, found 128");
  CHECK(refusal<unsigned>("-1").find("from 0 to 4294967295, found -1") != std::string::npos);
  for (const char* text : {"1.5", "1e3", "true", "null", "\"1\"", "[1]", "9223372036854775808"}) {
    CHECK(refusal<std::int64_t>(text).find("expected a whole number") == 0);
  }
}

TEST_CASE("what is no JSON, or says something else, is refused", "[native][serde]") {
  CHECK(refusal<int>("").find("parse error at line 1, column 1") == 0);
  CHECK(refusal<int>("12 apples").find("parse error") == 0);
  CHECK_FALSE(refusal<bool>("1").empty());
  CHECK_FALSE(refusal<Order>("[]").empty());
  CHECK(refusal<Order>(R"({"item":"tea"})").find("amount") != std::string::npos);
  CHECK_FALSE(refusal<Json<std::string>>("Ada").empty());
  CHECK_FALSE(refusal<std::vector<int>>(std::string(100'000, '[')).empty());
}

TEST_CASE("a conversion that throws is an error, not an exception", "[native][serde]") {
  CHECK(refusal<Moody>("{}") == "nor this way");
  const auto moody = detail::encode(Moody{});
  REQUIRE(moody == Code::kInvalidArgument);
  CHECK(moody.error().message == "not today");
  CHECK(detail::encode(Json<std::string>("\xff")) == Code::kInvalidArgument);
}

TEST_CASE("a serde that throws is an error, not an exception", "[native][serde]") {
  CHECK(refusal<Rude>("x") == "neither");
  CHECK(refusal<Rude>("") == "its serde threw something that is no exception");
  CHECK(detail::encode(Rude{}) == Code::kInvalidArgument);
  CHECK(detail::encode(Rude{.with_words = false}) == Code::kInvalidArgument);
}

TEST_CASE("JSON has 256 levels and no more", "[native][serde]") {
  const auto nested = [](std::size_t levels, const std::string& open, const std::string& close) {
    std::string text, end;
    for (std::size_t i = 0; i < levels; ++i) {
      text += open;
      end += close;
    }
    return text + "1" + end;
  };
  const auto [open, close] = GENERATE(table<std::string, std::string>({{"[", "]"}, {"{\"a\":", "}"}}));
  const std::string most = nested(256, open, close);
  check_same(nlohmann::json::parse(most), most);
  for (const std::size_t levels : {257u, 100'000u}) {
    const std::string text = nested(levels, open, close);
    CHECK(refusal<int>(text) == "the JSON is nested more than 256 levels deep");
    CHECK(refusal<nlohmann::json>(text).find("the JSON is nested") == 0);
    CHECK(refusal<std::vector<int>>(text).find("the JSON is nested") == 0);
    CHECK(refusal<Order>(text).find("the JSON is nested") == 0);
    CHECK(refusal<Json<std::string>>(text).find("the JSON is nested") == 0);
  }
  const auto deeper = nlohmann::json::parse(nested(257, open, close));
  CHECK(detail::encode(deeper) == Code::kInvalidArgument);
  // Brackets in texts are no levels, nor are values side by side.
  const std::string quoted = "\"\\\"" + std::string(1000, '[') + "\"";
  check_same(Json<std::string>("\"" + std::string(1000, '[')), quoted);
  check_same(std::vector<std::vector<int>>(300), "[" + [] {
    std::string lists = "[]";
    for (int i = 1; i < 300; ++i) lists += ",[]";
    return lists;
  }() + "]");
}

TEST_CASE("an error quotes the beginning of what it found", "[native][serde]") {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "\u00E4";  // two bytes each
  const std::string found = refusal<std::int8_t>(" \"" + text + "\" ");
  const std::string before = "expected a whole number from -128 to 127, found \"";
  CHECK(found == before + text.substr(0, 78));
  CHECK(refusal<int>("\"" + std::string(100'000, 'a') + "\xff").size() < 500);
}

TEST_CASE("it is known who can travel", "[native][serde]") {
  STATIC_REQUIRE(Serializable<void>);
  STATIC_REQUIRE(Serializable<Bytes>);
  STATIC_REQUIRE(Serializable<std::string>);
  STATIC_REQUIRE(Serializable<Cents>);
  STATIC_REQUIRE(Serializable<Order>);
  STATIC_REQUIRE(Serializable<std::vector<std::map<std::string, Order>>>);
  STATIC_REQUIRE_FALSE(Serializable<Odd>);
  STATIC_REQUIRE_FALSE(Serializable<std::vector<Odd>>);
  STATIC_REQUIRE_FALSE(Serializable<Json<Odd>>);
  STATIC_REQUIRE_FALSE(Serializable<const char*>);
  STATIC_REQUIRE_FALSE(Serializable<std::string_view>);
}
