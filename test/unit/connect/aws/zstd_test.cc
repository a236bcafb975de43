#include "connect/aws/zstd.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::connect::aws;

TEST_CASE("what was compressed comes back", "[connect][aws]") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, std::size_t{1} << 20}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * i / 7));
    const auto plain = zstd_decompress(zstd_compress(text), size);
    REQUIRE(plain);
    CHECK(*plain == text);
  }
  CHECK(zstd_compress(std::string(1 << 20, 'x')).size() < 1000);
}

TEST_CASE("bytes that do not decompress are refused", "[connect][aws]") {
  const std::string good = zstd_compress(std::string(1 << 20, 'x'));
  CHECK(zstd_decompress(good, (1 << 20) - 1) == Code::kInvalidArgument);
  CHECK(zstd_decompress(good.substr(0, good.size() - 3), 1 << 20) == Code::kInvalidArgument);
  CHECK(zstd_decompress("plain text", 1 << 20) == Code::kInvalidArgument);
  CHECK(zstd_decompress("", 1 << 20) == Code::kInvalidArgument);
}
