#include <restate/bytes.h>

#include "support/catch.h"

#include <thread>

using restate::ByteChain, restate::Bytes, restate::join;

TEST_CASE("bytes hold what they were given", "[common][bytes]") {
  CHECK(Bytes().empty());
  CHECK(Bytes("abc").view() == "abc");
  CHECK(Bytes(std::string("abc")).str() == "abc");
  CHECK(Bytes(std::string_view("a\0c", 3)).size() == 3);
  CHECK(Bytes::copy(nullptr, 0) == Bytes());
  CHECK("ab" + Bytes("c") == Bytes("abc"));
  CHECK(Bytes("a") < Bytes("b"));
}

TEST_CASE("a long string is adopted, not copied", "[common][bytes]") {
  std::string text(1000, 'x');
  const char* memory = text.data();
  const Bytes bytes(std::move(text));
  CHECK(bytes.data() == memory);
  const Bytes copy = bytes;
  CHECK(copy.data() == memory);
  CHECK(bytes.compact().data() != memory);
}

TEST_CASE("slices share the buffer and are clamped to it", "[common][bytes]") {
  const Bytes bytes("hello world");
  CHECK(bytes.slice(6) == Bytes("world"));
  CHECK(bytes.slice(0, 5) == Bytes("hello"));
  CHECK(bytes.slice(6).data() == bytes.data() + 6);
  CHECK(bytes.slice(6, 100) == Bytes("world"));
  CHECK(bytes.slice(100).empty());
  CHECK(bytes.slice(100, 5).empty());
  CHECK(bytes.slice(2).slice(2, 3) == Bytes("o w"));
  CHECK(Bytes().slice(0).empty());
  CHECK(bytes.slice_of(bytes.view().substr(6, 2)) == Bytes("wo"));
  CHECK(bytes.slice_of({}).empty());
}

TEST_CASE("a slice keeps the buffer alive", "[common][bytes]") {
  Bytes slice;
  {
    const Bytes whole(std::string(100, 'a') + "tail");
    slice = whole.slice(100);
  }
  CHECK(slice.view() == "tail");
  slice = slice.slice(1);  // from itself
  CHECK(slice.view() == "ail");
  Bytes moved = std::move(slice);
  CHECK(slice.empty());  // NOLINT: a moved-from slice is empty, others rely on it
  CHECK(moved.view() == "ail");
}

TEST_CASE("slices may die on any thread", "[common][bytes]") {
  const Bytes whole(std::string(100, 'a'));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([slice = whole.slice(static_cast<std::size_t>(i))] {
      for (int n = 0; n < 1000; ++n) Bytes copy = slice;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(whole.size() == 100);
}

TEST_CASE("chains know their size and their sum", "[common][bytes]") {
  const ByteChain chain = {"ab", Bytes(), "c"};
  CHECK(total_size(chain) == 3);
  CHECK(join(chain) == "abc");
  CHECK(join({}).empty());
}
