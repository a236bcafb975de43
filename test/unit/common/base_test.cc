#include "common/base62.h"
#include "common/base64.h"
#include "support/catch.h"
#include "support/vectors.h"

using namespace restate;
using testing::from_hex, restate::testing::load_vectors;

TEST_CASE("base62 agrees with the recorded digits, both ways", "[common][base62][vectors]") {
  std::size_t seen = 0;
  const auto vectors = load_vectors("ids_misc.json");
  for (const auto& vector : vectors.at("base62_fixed_width")) {
    const std::string bytes = from_hex(vector.at("bytes_hex").get<std::string>());
    const std::string digits = vector.at("base62");
    CAPTURE(digits);
    std::string encoded = "prefix";
    base62::append(encoded, bytes);
    CHECK(encoded == "prefix" + digits);
    CHECK(base62::decode(digits) == bytes);
    ++seen;
  }
  restate::testing::looked_at("base62 numbers", seen, vectors.at("base62_fixed_width").size());
}

TEST_CASE("base62 refuses what no encoder wrote", "[common][base62]") {
  CHECK(base62::decode("").error().message == "bad length");
  CHECK(base62::decode("0000000000").error().message == "bad length");
  CHECK(base62::decode("000000000000").error().message == "bad length");
  CHECK(base62::decode("0000000000-").error().message == "base62 decode error");
  CHECK(base62::decode(std::string_view("0000000000\0", 11)) == Code::kInvalidArgument);
  // One more than the largest number, and much more.
  CHECK(base62::decode("lYGhA16ahyg") == Code::kInvalidArgument);
  CHECK(base62::decode("ZZZZZZZZZZZ") == Code::kInvalidArgument);
  CHECK(base62::decode("7N42dgm5tFLK9N8MT7fHC8") == Code::kInvalidArgument);
  CHECK(base62::decode("ZZZZZZZZZZZZZZZZZZZZZZ") == Code::kInvalidArgument);
}

TEST_CASE("base64 writes both alphabets and reads either", "[common][base64]") {
  struct Case {
    std::string bytes, standard, url;
  };
  const auto sample = GENERATE(values<Case>({{"", "", ""},
                                             {"f", "Zg==", "Zg"},
                                             {"fo", "Zm8=", "Zm8"},
                                             {"foo", "Zm9v", "Zm9v"},
                                             {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                                             {"\xfb\xff\xbf", "+/+/", "-_-_"}}));
  CHECK(base64::encode(sample.bytes) == sample.standard);
  CHECK(base64::encode_url(sample.bytes) == sample.url);
  CHECK(base64::decode(sample.standard) == sample.bytes);
  CHECK(base64::decode(sample.url) == sample.bytes);
}

TEST_CASE("base64 refuses other characters and impossible lengths", "[common][base64]") {
  const auto text = GENERATE(as<std::string>{}, "A", "AAAAA", "A*==", "AA\n", "Zg=a", "\xff\xff");
  CHECK(base64::decode(text) == Code::kInvalidArgument);
}
