#include <restate/result.h>

#include "support/catch.h"

#include <memory>
#include <string>

using namespace restate;

namespace {

Result<int> parse(const std::string& text) {
  if (text.empty()) return Error{Code::kInvalidArgument, "empty"};
  return static_cast<int>(text.size());
}

Result<void> check(bool good) {
  if (!good) return Error{Code::kSealed, "no"};
  return {};
}

Result<std::unique_ptr<int>> own(int number) {
  if (number < 0) return Error{Code::kInvalidArgument, "negative"};
  return std::make_unique<int>(number);
}

Result<std::string> combine(const std::string& text, bool good) {
  RESTATE_TRY(const int size, parse(text));
  RESTATE_TRY_VOID(check(good));
  RESTATE_TRY(auto owned, own(size));
  return std::to_string(*owned);
}

}  // namespace

TEST_CASE("a result is a value or an error", "[common][result]") {
  CHECK(combine("abc", true) == std::string("3"));
  CHECK(combine("", true) == Code::kInvalidArgument);
  CHECK(combine("abc", false) == Code::kSealed);
  CHECK(!(combine("abc", true) == Code::kSealed));
  CHECK(!(combine("", true) == std::string()));
  CHECK(parse("").error().describe() == "invalid argument: empty");
  CHECK(parse("").value_or(7) == 7);
  CHECK(parse("ab").value_or(7) == 2);
}

TEST_CASE("a result holds what only moves, and converts what converts", "[common][result]") {
  Result<std::unique_ptr<int>> owned = own(3);
  std::unique_ptr<int> taken = std::move(owned).value();
  CHECK(*taken == 3);
  Result<std::string> text = "literal";
  CHECK(text->size() == 7);
  Result<std::shared_ptr<const int>> shared = std::make_shared<int>(1);
  CHECK(**shared == 1);
}

TEST_CASE("an error gains context on its way up", "[common][result]") {
  Error error = Error{Code::kNotFound, "no file"}.within("opening log 3");
  CHECK(error == Error{Code::kNotFound, "opening log 3: no file"});
  CHECK(Error{Code::kTimeout, ""}.describe() == "timeout");
}

TEST_CASE("every code has a name and a status", "[common][result]") {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const auto code = static_cast<Code>(i);
    CHECK(!to_string(code).empty());
    CHECK(http_status(code) >= 400);
    CHECK(http_status(code) < 600);
  }
}
