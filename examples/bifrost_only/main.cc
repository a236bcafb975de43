// The log without the engine. One log whose first segment is in memory and whose next ones are on
// disk: appended to, moved, sealed, extended, and read from the beginning as if it were one piece.

#include <restate/bifrost/bifrost.h>
#include <restate/bifrost/providers.h>
#include <restate/metadata/memory_store.h>
#include <restate/storage/segment_log.h>
#include <restate/uv/runtime.h>

#include <stdlib.h>

#include <filesystem>
#include <future>
#include <iostream>

using namespace restate;
using namespace restate::bifrost;

/// Prints what a log holds, and tells when it has seen position `last`.
struct Printer final : ReadListener {
  explicit Printer(Lsn until) : last(until) {}
  void on_entries(std::span<LogEntry> entries) override {
    for (const LogEntry& entry : entries) {
      std::cout << "  " << entry.lsn.value << " " << entry.record.body.view() << "\n";
      if (entry.lsn == last) seen.set_value({});
    }
  }
  void on_read_error(const Error& error) override { seen.set_value(error); }
  const Lsn last;
  std::promise<Result<void>> seen;
};

/// Asks on the shard; the answer can be waited for here.
template <class T>
std::future<Result<T>> ask(uv::Runtime& runtime, Function<void(Completion<T>)> question) {
  std::promise<Result<T>> answer;
  auto future = answer.get_future();
  runtime.run_on(0, [&] {
    question(Completion<T>(runtime.shard(0), [answer = std::move(answer)](Result<T> result) mutable {
      answer.set_value(std::move(result));
    }));
  });
  return future;
}

static Result<void> tell(uv::Runtime& runtime, Bifrost& logs) {
  const LogId log{1};
  const auto append = [&](const char* text) {
    const Record record{.created_at = runtime.shard(0).wall_now(), .keys = {}, .body = text};
    return ask<Lsn>(runtime, [&](auto done) { logs.append(log, {record}, std::move(done)); });
  };
  const auto extend_on_disk = [&] {
    return ask<Lsn>(runtime, [&](auto done) { logs.seal_and_extend(log, "local", std::move(done)); });
  };
  RESTATE_TRY_VOID(ask<void>(runtime, [&](auto done) { logs.start(std::move(done)); }).get());
  RESTATE_TRY_VOID(ask<void>(runtime, [&](auto done) { logs.ensure_log(log, std::move(done)); }).get());
  RESTATE_TRY_VOID(append("written to memory").get());
  RESTATE_TRY_VOID(append("so is this").get());
  RESTATE_TRY(const Lsn base, extend_on_disk().get());
  std::cout << "on disk from " << base.value << "\n";
  RESTATE_TRY_VOID(append("written to disk").get());

  RESTATE_TRY(const Lsn end, ask<Lsn>(runtime, [&](auto done) { logs.seal(log, std::move(done)); }).get());
  std::cout << "sealed at " << end.value << "\n";
  auto waits = append("waited until the log went on");
  RESTATE_TRY_VOID(extend_on_disk().get());
  RESTATE_TRY(const Lsn last, waits.get());

  std::cout << "all of it:\n";
  Printer printer(last);
  std::unique_ptr<ReadStream> stream;
  runtime.run_on(0, [&] { stream = logs.read(log, kOldestLsn, {}, printer); });
  Result<void> read = printer.seen.get_future().get();
  runtime.run_on(0, [&] { stream.reset(); });
  return read;
}

int main() {
  std::string directory = (std::filesystem::temp_directory_path() / "bifrost-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return 1;
  auto disk = storage::open_segment_log(directory);
  if (!disk) return report(disk.error());
  uv::Runtime runtime{{}};
  std::unique_ptr<metadata::MemoryStore> metadata;  // where the chains of logs are written down
  std::unique_ptr<Bifrost> logs;
  runtime.run_on(0, [&] {
    Shard& shard = runtime.shard(0);
    metadata = std::make_unique<metadata::MemoryStore>(shard);
    logs = make_bifrost(shard, *metadata, {.default_provider = "in-memory"});
    logs->add_provider("in-memory", make_memory_provider({&shard}));
    logs->add_provider("local", make_local_provider({&shard}, **disk));
  });
  const Result<void> told = tell(runtime, *logs);
  runtime.begin_shutdown();
  runtime.run_on(0, [&] { logs.reset(), metadata.reset(); });
  runtime.stop();
  std::filesystem::remove_all(directory);
  return told ? 0 : report(told.error());
}
