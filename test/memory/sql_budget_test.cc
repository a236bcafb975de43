// Statements over a store that is much larger than their budget: what they take beside it stays
// within the budget, whether they come to an end or are told that there is no room.

#include "support/catch.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "query/engine.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>
#include <unistd.h>

using namespace restate;
using namespace restate::query;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kBudget = 64 * kMiB;
constexpr std::uint32_t kPartitions = 8;
constexpr std::uint64_t kRows = 500'000;

/// Rows of one partition that are made when somebody looks at them: a store without a memory. The
/// number of an invocation is in its id.
class MadeRows final : public storage::View {
 public:
  MadeRows(KeyRange keys, std::uint64_t rows) : keys_(keys), rows_(rows) {
    partition::InvocationStatus status;
    status.status = partition::Status::kCompleted;
    status.target.service = "Greeter";
    status.target.handler = "greet";
    status.idempotency_key = std::string(60, 'i');
    status.result = wire::Failure{500, std::string(40, 'f'), {}};
    value_ = Bytes(partition::rows::encode(status));
  }

  Result<std::optional<Bytes>> get(std::string_view) const override {
    return std::optional<Bytes>();
  }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    storage::RowVisitor& visitor) const override {
    if (!lower.starts_with(partition::keys::kStatus)) return {};
    // The first row that is not below `lower`: keys are in the order of the numbers.
    std::uint64_t first = 0, end = rows_;
    while (first < end) {
      const std::uint64_t middle = first + (end - first) / 2;
      (key(middle) < lower ? first : end) = key(middle) < lower ? middle + 1 : middle;
    }
    for (std::uint64_t i = first; i < rows_; ++i) {
      const std::string at = key(i);
      if ((!upper.empty() && at >= upper) || !visitor.row(at, value_.view())) break;
    }
    return {};
  }
  Result<void> scan_reverse(std::string_view, std::string_view,
                            storage::RowVisitor&) const override {
    return {};
  }

 private:
  std::string key(std::uint64_t number) const {
    InvocationId id;
    id.key.value = keys_.first + number * ((keys_.last - keys_.first) / rows_);
    for (std::size_t i = 0; i < 8; ++i) {
      id.uuid.bytes[15 - i] = static_cast<std::uint8_t>(number * 0x9e3779b97f4a7c15u >> (8 * i));
    }
    return partition::keys::status(id);
  }

  const KeyRange keys_;
  const std::uint64_t rows_;
  Bytes value_;
};

InputsPtr large_store() {
  auto inputs = std::make_shared<Inputs>();
  for (std::uint16_t i = 0; i < kPartitions; ++i) {
    PartitionInput& input = inputs->partitions.emplace_back();
    input.partition = PartitionId{i};
    input.keys = partition_range(i, kPartitions);
    input.rows = std::make_shared<MadeRows>(input.keys, kRows / kPartitions);
  }
  inputs->schema = schema::snapshot(schema::Schema{});
  inputs->rules = schema::snapshot(schema::RuleBook{});
  return inputs;
}

double resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, pages = 0;
  file >> size >> pages;
  return static_cast<double>(pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) / kMiB;
}

/// Looks at the process all the time and keeps the most it has seen, in MiB.
class Watch {
 public:
  Watch() : thread_([this] { run(); }) {}
  ~Watch() {
    stop_ = true;
    thread_.join();
  }
  double most() { return most_.exchange(resident()); }

 private:
  void run() {
    while (!stop_) {
      const double now = resident();
      double seen = most_;
      while (seen < now && !most_.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::sleep_for(2ms);
    }
  }
  std::atomic<double> most_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Its bytes, or why there are none.
Result<std::size_t> run(SqlEngine& engine, const InputsPtr& inputs, const std::string& sql) {
  const auto statement = engine.make_statement(sql, Format::kJson);
  RESTATE_TRY_VOID(statement->prepare());
  RESTATE_TRY_VOID(statement->begin(inputs));
  std::size_t bytes = 0;
  while (true) {
    RESTATE_TRY(const Piece piece, statement->next(128 * 1024));
    bytes += piece.body.size();
    if (piece.last) return bytes;
  }
}

struct Directory {
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "restate-sql-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

}  // namespace

TEST_CASE("a statement keeps to the memory of SQL", "[memory][query]") {
  const InputsPtr inputs = large_store();
  const Directory directory;
  const bool may_spill = GENERATE(false, true);
  const auto engine = make_duckdb_engine(
      {.memory = kBudget, .temp_directory = may_spill ? directory.path : "", .parallelism = 2});
  Watch watch;
  // What the engine takes to be there at all is not a statement's.
  REQUIRE(run(*engine, inputs, "SELECT status FROM sys_invocation LIMIT 1"));
  malloc_trim(0);
  const double before = resident();
  for (const char* sql :
       {"SELECT count(1), min(id) FROM sys_invocation",
        "SELECT id, idempotency_key, completion_failure FROM sys_invocation",
        "SELECT * FROM sys_invocation LIMIT 100000",
        "SELECT id, idempotency_key, completion_failure FROM sys_invocation ORDER BY id DESC",
        "SELECT * FROM sys_invocation ORDER BY id DESC LIMIT 10",
        "SELECT id, count(1), max(idempotency_key) FROM sys_invocation GROUP BY id",
        "SELECT count(DISTINCT id) FROM sys_invocation",
        "SELECT count(1) FROM sys_invocation a JOIN sys_invocation b ON a.id = b.id "
        "WHERE a.idempotency_key = b.idempotency_key",
        "SELECT id, row_number() OVER (ORDER BY id DESC) FROM sys_invocation",
        "SELECT array_agg(id) FROM sys_invocation",
        "SELECT string_agg(id, ',') FROM sys_invocation"}) {
    malloc_trim(0);
    static_cast<void>(watch.most());
    const auto bytes = run(*engine, inputs, sql);
    const double growth = watch.most() - before;
    std::printf("%s %-70.70s %6.1f MiB more, %s\n", may_spill ? "spills" : "stays ", sql, growth,
                bytes ? (std::to_string(*bytes) + " bytes").c_str()
                      : bytes.error().message.substr(0, 60).c_str());
    std::fflush(stdout);
    INFO(sql);
    CHECK(growth * kMiB <= static_cast<double>(kBudget));
    // It is told, and nothing else happens.
    if (!bytes) CHECK(bytes.error().message.find("memory-size") != std::string::npos);
  }
  CHECK(run(*engine, inputs, "SELECT count(1) FROM sys_invocation"));
}
