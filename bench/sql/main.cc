// What a statement costs the SQL engine, without a server and without a disk: rows in a map. Prints
// JSON, a line per statement. bench-sql [invocations] [seconds per statement] [part of its name]

#include "bench.h"

#include "query/engine.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace restate;
using namespace restate::query;

namespace {

/// Of the whole process: DuckDB may use threads of its own.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

InvocationId numbered(std::uint64_t number) {
  InvocationId id;
  id.key.value = number * 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 8; ++i) {
    id.uuid.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

partition::InvocationStatus completed(std::uint64_t number) {
  partition::InvocationStatus status = query::testing::invoked_status();
  status.status = partition::Status::kCompleted;
  status.result = Bytes("\"done\"");
  status.timestamps.created = WallTime{1'700'000'000'000 + number};
  status.timestamps.modified = WallTime{1'700'000'000'100 + number};
  status.timestamps.completed = status.timestamps.modified;
  return status;
}

/// Runs one statement to its end; answers the bytes of its rows.
std::size_t run(SqlStatement& statement, const InputsPtr& inputs) {
  const Result<Needs> needs = statement.prepare();
  if (needs) static_cast<void>(statement.begin(inputs).value());
  if (!needs) std::fprintf(stderr, "%s\n", needs.error().message.c_str());
  std::size_t bytes = 0;
  while (needs) {
    const Piece piece = statement.next(128 * 1024).value();
    bytes += piece.body.size();
    if (piece.last) break;
  }
  return bytes;
}

pg::Request request_for(std::string sql) {
  pg::Request request;
  request.sql = std::move(sql);
  return request;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t invocations =
      argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::uint64_t{100'000};
  const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 1.0;
  const std::string_view wanted = argc > 3 ? argv[3] : "";
  query::testing::Bench rows;
  for (std::uint64_t i = 0; i < invocations; ++i) rows.put(numbered(i), completed(i));
  const InputsPtr inputs = rows.inputs();
  const auto engine = make_duckdb_engine({});

  const std::string by_id = " WHERE id = '" + numbered(invocations / 2).str() + "'";
  const std::vector<std::pair<const char*, std::string>> statements = {
      {"one", "SELECT 1"},
      {"id.status", "SELECT id, status FROM sys_invocation" + by_id},
      {"id.all", "SELECT * FROM sys_invocation" + by_id},
      {"id.journal", "SELECT * FROM sys_journal" + by_id},
      {"running",
       "SELECT id, status, target FROM sys_invocation WHERE status = 'running' "
       "ORDER BY created_at DESC LIMIT 25"},
      {"count", "SELECT count(1) FROM sys_invocation"},
      {"group", "SELECT status, target_service_name, count(1) FROM sys_invocation GROUP BY 1, 2"},
  };
  for (const bool postgres : {false, true}) {
    for (const auto& [short_name, sql] : statements) {
      const std::string name = (postgres ? "pg." : "http.") + std::string(short_name);
      if (name.find(wanted) == std::string::npos) continue;
      const auto once = [&] {
        const auto statement = postgres ? engine->make_statement(request_for(sql))
                                        : engine->make_statement(sql, Format::kJson);
        return run(*statement, inputs);
      };
      const std::size_t bytes = once();
      const double start = cpu_seconds();
      std::uint64_t count = 0;
      double spent = 0;
      while (spent < seconds) {
        once();
        ++count;
        spent = cpu_seconds() - start;
      }
      std::printf("{\"scenario\":\"%s\",\"statements\":%llu,\"cpu_us\":%.0f,\"bytes\":%zu}\n",
                  name.c_str(), static_cast<unsigned long long>(count),
                  spent / static_cast<double>(count) * 1e6, bytes);
      std::fflush(stdout);
    }
  }
}
