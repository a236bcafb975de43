#include "common/utf8.h"

#include "support/catch.h"

using namespace restate;

TEST_CASE("malformed text is told from text", "[common][utf8]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\u00e9\u20ac\U0001F600"));
  for (const char* bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                          "\x80", "a\xf8z"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("malformed pieces become replacement characters", "[common][utf8]") {
  CHECK(utf8_lossy("a\xff" "b") == "a\uFFFDb");
  CHECK(utf8_lossy("\xe2\x82") == "\uFFFD");
  CHECK(utf8_lossy("\xe2\x82z") == "\uFFFDz");
  CHECK(utf8_lossy("\xf0\x80\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(utf8_lossy("\u00e9") == "\u00e9");
}

TEST_CASE("JSON strings escape what they must", "[common][utf8]") {
  std::string out;
  append_json_string(out, "\u00e9\n\t\"\\\x01\u20ac\xff");
  CHECK(out == "\"\u00e9\\n\\t\\\"\\\\\\u0001\u20ac\uFFFD\"");
}
