#include "wire/protobuf.h"

#include "support/catch.h"

#include <vector>

using namespace restate::wire;

namespace {

std::vector<std::uint32_t> numbers(std::string_view message) {
  std::vector<std::uint32_t> values;
  ProtoReader reader(message);
  while (reader.next()) reader.repeated_uint32([&](std::uint32_t v) { values.push_back(v); });
  REQUIRE(!reader.failed());
  return values;
}

bool fails(std::string_view message) {
  ProtoReader reader(message);
  while (reader.next()) {
  }
  return reader.failed();
}

}  // namespace

TEST_CASE("repeated numbers are read packed, unpacked and mixed", "[wire][protobuf]") {
  using List = std::vector<std::uint32_t>;
  CHECK(numbers(std::string_view("\x08\x01\x08\x02", 4)) == List{1, 2});
  CHECK(numbers(std::string_view("\x0a\x03\x01\x80\x01", 5)) == List{1, 128});
  CHECK(numbers(std::string_view("\x08\x05\x0a\x02\x06\x07", 6)) == List{5, 6, 7});
}

TEST_CASE("what is cut short or no message at all is a failure", "[wire][protobuf]") {
  CHECK(fails("\x0a"));                            // no length
  CHECK(fails(std::string_view("\x0a\x02x", 3)));  // less than the length says
  CHECK(fails("\x08\x80"));                        // a varint without an end
  CHECK(fails(std::string_view("\x00\x01", 2)));   // field 0
  CHECK(fails("\x0b"));                            // a group
  CHECK(fails("\x0d\x01\x02"));                    // half a fixed32
  CHECK(fails("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));  // more than 64 bits long
  CHECK_FALSE(fails(""));
}

TEST_CASE("a field of another kind than the schema says is a failure", "[wire][protobuf]") {
  ProtoReader reader(std::string_view("\x08\x01", 2));
  REQUIRE(reader.next());
  CHECK(reader.bytes().empty());
  CHECK(reader.failed());
}

TEST_CASE("fields that are not known are passed over", "[wire][protobuf]") {
  ProtoReader reader(std::string_view("\x09" "12345678" "\x15" "1234" "\x1a\x01x\x20\x07", 19));
  std::vector<std::uint32_t> seen;
  while (reader.next()) seen.push_back(reader.field());
  CHECK_FALSE(reader.failed());
  CHECK(seen == std::vector<std::uint32_t>{1, 2, 3, 4});
}

TEST_CASE("text is UTF-8, strictly", "[wire][protobuf]") {
  CHECK(is_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"));
  CHECK_FALSE(is_utf8("\xC3"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_utf8("\xE0\x80\x80"));      // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // a surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond the last code point
  CHECK_FALSE(is_utf8("\xFF"));
}

TEST_CASE("numbers of every width come back", "[wire][protobuf]") {
  for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{1} << 35, UINT64_MAX}) {
    ProtoWriter out;
    out.varint(3, value);
    ProtoReader reader(out.view());
    REQUIRE(reader.next());
    CHECK(reader.field() == 3);
    CHECK(reader.varint() == value);
    CHECK_FALSE(reader.next());
  }
}
