#include "storage/crc32c.h"
#include "runtime/split_mix.h"
#include "support/catch.h"

#include <string>

namespace restate::storage {

TEST_CASE("crc32c gives the published values", "[storage][crc32c]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("the table and the instruction agree, in one piece or in two", "[storage][crc32c]") {
  SplitMix64 random(3);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    const std::uint64_t size = random.below(200);
    while (bytes.size() < size) bytes.push_back(static_cast<char>(random.next()));
    const std::uint32_t whole = crc32c(bytes);
    CHECK(crc32c_portable(bytes) == whole);
    const std::string_view view = bytes;
    const std::uint64_t cut = random.below(size + 1);
    CHECK(crc32c(view.substr(cut), crc32c(view.substr(0, cut))) == whole);
    CHECK(crc32c_portable(view.substr(cut), crc32c(view.substr(0, cut))) == whole);
  }
}

}  // namespace restate::storage
