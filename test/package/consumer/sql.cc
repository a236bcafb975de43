// SQL from inside of a program: a library of its own, and DuckDB.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/sql.h>

#include <iostream>

using namespace restate;

int main() {
  auto engine = Engine::open({.sql = duckdb_sql()});
  if (!engine) return report(engine.error());
  auto served = engine->serve(Object("Counter").handler(
      "set", [](Context& ctx, Bytes value) { return ctx.set("value", std::move(value)); }));
  if (!served) return report(served.error());
  for (const char* key : {"a", "b"}) {
    auto set = engine->call("Counter", "set", "7", {.key = key}).get();
    if (!set) return report(set.error());
  }
  auto rows = engine->query("SELECT service_key, value_utf8 FROM state ORDER BY service_key").get();
  if (!rows) return report(rows.error());
  std::cout << rows->view() << '\n';
}
