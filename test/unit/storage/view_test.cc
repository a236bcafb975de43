#include "support/catch.h"

#include <restate/storage/view.h>

namespace restate::storage {

TEST_CASE("the end of a prefix is the smallest key behind it", "[storage][view]") {
  CHECK(prefix_end("ab") == "ac");
  CHECK(prefix_end(std::string_view("a\0", 2)) == "a\1");
  CHECK(prefix_end("a\xff") == "b");
  CHECK(prefix_end("a\xff\xff") == "b");
  CHECK(prefix_end("\xfe\xff") == "\xff");
  CHECK(prefix_end("\xff\xff").empty());
  CHECK(prefix_end("").empty());
}

}  // namespace restate::storage
