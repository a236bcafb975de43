#include "query/value_text.h"
#include "query/arrow_message.h"
#include "support/catch.h"

#include <cmath>
#include <limits>

using namespace restate::query;

namespace {

template <class Append, class... Args>
std::string made(Append append, Args... args) {
  std::string out;
  append(out, args...);
  return out;
}

}  // namespace

TEST_CASE("numbers are the shortest text that reads back, always with a point", "[query]") {
  CHECK(made(append_double, 1.0) == "1.0");
  CHECK(made(append_double, -1.5) == "-1.5");
  CHECK(made(append_double, 0.0) == "0.0");
  CHECK(made(append_double, 0.1 + 0.2) == "0.30000000000000004");
  CHECK(made(append_double, 1234567.25) == "1234567.25");
  CHECK(made(append_double, 120.0) == "120.0");
  CHECK(made(append_double, 0.001) == "0.001");
  CHECK(made(append_double, 1e20) == "1.0e20");
  CHECK(made(append_double, 1e-7) == "1.0e-7");
  CHECK(made(append_double, 1.25e-9) == "1.25e-9");
  CHECK(made(append_double, std::nan("")) == "null");
  CHECK(made(append_double, std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("times have as many digits as they need", "[query]") {
  CHECK(made(append_time_utc, std::int64_t{1'000'000}) == "1970-01-01T00:00:01Z");
  CHECK(made(append_time_utc, std::int64_t{1'001'000}) == "1970-01-01T00:00:01.001Z");
  CHECK(made(append_time_utc, std::int64_t{1'100'999}) == "1970-01-01T00:00:01.100Z");
  CHECK(made(append_time_utc, std::int64_t{-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(made(append_time_local, std::int64_t{1'767'323'045'678'000}) == "2026-01-02T03:04:05.678");
  CHECK(made(append_time_local, std::int64_t{1'767'323'045'000'000}) == "2026-01-02T03:04:05");
  CHECK(made(append_time_local, std::int64_t{1}) == "1970-01-01T00:00:00.000001");
}

TEST_CASE("durations are seconds", "[query]") {
  CHECK(made(append_duration, std::int64_t{86'400'000}) == "PT86400S");
  CHECK(made(append_duration, std::int64_t{1'500}) == "PT1.5S");
  CHECK(made(append_duration, std::int64_t{85}) == "PT0.085S");
  CHECK(made(append_duration, std::int64_t{-1'500}) == "-PT1.5S");
  CHECK(made(append_duration, std::int64_t{0}) == "P0D");
}

TEST_CASE("the messages of a stream are aligned and end with a mark", "[query]") {
  const std::string schema = arrow::schema_message(
      {{"n", arrow::Type::kInt64, true, {}},
       {"l", arrow::Type::kList, true, {{"item", arrow::Type::kUint32, true, {}}}}});
  CHECK(schema.size() % 64 == 0);
  CHECK(schema.starts_with("\xff\xff\xff\xff"));
  arrow::Batch batch(1);
  batch.node(1, 0);
  batch.buffer({});
  batch.buffer("12345678");
  const std::string message = arrow::batch_message(batch);
  CHECK(message.size() % 64 == 0);
  CHECK(message.find("12345678") % 64 == 0);
  CHECK(arrow::end_mark() == std::string_view("\xff\xff\xff\xff\0\0\0\0", 8));
}
