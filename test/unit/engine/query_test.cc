#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/sql.h>

using namespace restate;

TEST_CASE("an engine answers SQL from inside of the program", "[engine][sql]") {
  auto engine = Engine::open({.sql = duckdb_sql()});
  REQUIRE(engine);
  REQUIRE(engine->serve(Object("Counter").handler("set", [](Context& ctx, Bytes value) {
    return ctx.set("value", std::move(value));
  })));
  for (const char* key : {"a", "b"}) {
    REQUIRE(engine->call("Counter", "set", "7", {.key = key}).get());
  }
  CHECK(engine->query("SELECT service_key FROM state WHERE service_name = 'Counter' "
                      "ORDER BY service_key").get() ==
        Bytes(R"({"rows":[{"service_key":"a"},{"service_key":"b"}]})"));
  CHECK(engine->query("SELEKT 1").get() == Code::kInvalidArgument);
  CHECK(engine->query("DELETE FROM state").get() == Code::kInvalidArgument);

  SECTION("it may close while a statement runs") {
    const auto running = engine->query("SELECT count(*) FROM range(100000000000) t");
    CHECK(engine->stop(std::chrono::milliseconds(0)).get() == Code::kTimeout);
    CHECK(running.get() == Code::kShutdown);
  }
}
