#include <restate/function.h>

#include "support/catch.h"

#include <array>
#include <memory>
#include <string>

using restate::Function;

namespace {

/// Counts its copies in life, and carries `Size` bytes more.
template <std::size_t Size>
struct Tracked {
  explicit Tracked(int& live) : live_(&live) { ++*live_; }
  Tracked(Tracked&& other) noexcept : live_(other.live_) { ++*live_; }
  Tracked(const Tracked&) = delete;
  ~Tracked() { --*live_; }
  int operator()(int x) { return x + static_cast<int>(Size); }
  int* live_;
  std::array<char, Size> more{};
};

}  // namespace

TEMPLATE_TEST_CASE("a function owns what it captures, small or large", "[common][function]",
                   Tracked<1>, Tracked<1000>) {
  int live = 0;
  {
    Function<int(int)> function(TestType{live});
    CHECK(live == 1);
    CHECK(function(1) == 1 + static_cast<int>(sizeof(TestType::more)));
    Function<int(int)> moved = std::move(function);
    CHECK(live == 1);
    CHECK(!function);  // NOLINT: moved from means empty
    CHECK(moved(0) == static_cast<int>(sizeof(TestType::more)));
    moved = TestType{live};
    CHECK(live == 1);
    function = std::move(moved);
    CHECK(live == 1);
    function = nullptr;
    CHECK(live == 0);
    CHECK(!function);
    moved = Function<int(int)>(TestType{live});
    CHECK(live == 1);
  }
  CHECK(live == 0);
}

TEST_CASE("a function takes arguments that only move", "[common][function]") {
  Function<std::unique_ptr<int>(std::unique_ptr<int>, const std::string&)> function =
      [](std::unique_ptr<int> number, const std::string& text) {
        *number += static_cast<int>(text.size());
        return number;
      };
  CHECK(*function(std::make_unique<int>(1), "abc") == 4);
}

TEST_CASE("the result of a callable may be ignored or converted", "[common][function]") {
  Function<void()> ignored = [] { return 7; };
  ignored();
  Function<std::string()> converted = [] { return "text"; };
  CHECK(converted() == "text");
  Function<int()> keeps_state = [n = 0]() mutable { return ++n; };
  keeps_state();
  CHECK(keeps_state() == 2);
}

TEST_CASE("a function may be replaced while it runs by what it was moved to",
          "[common][function]") {
  Function<void()> slot;
  int runs = 0;
  slot = [&] {
    ++runs;
    slot = [&] { runs += 10; };
  };
  Function<void()> current = std::move(slot);
  current();
  slot();
  CHECK(runs == 11);
}
