#pragma once

/// \file
/// A stage for the invoker: a leader that applies effects as the state machine would, endpoints
/// that say what the script says, and a log of everything that happens. Driven by lines of text, so
/// that transcripts and tests use the same words (test/transcripts/invoker/README.md).

#include "invoker/invoker.h"

#include <restate/testing/world.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace restate::invoker::testing {

class Log {
 public:
  void line(std::string text) { text_ += std::move(text) + "\n"; }
  std::string take() { return std::exchange(text_, {}); }

 private:
  std::string text_;
};

/// What stands for an endpoint: one per exchange that was opened.
struct Exchanges;

/// One invocation as its leader knows it.
struct Row {
  enum class Status : std::uint8_t { kInvoked, kSuspended, kPaused, kCompleted };
  InvocationId id;
  Status status = Status::kInvoked;
  std::uint32_t token = 0;
  wire::InvocationTarget target;
  std::optional<wire::PinnedDeployment> pinned;
  std::vector<wire::JournalEntry> journal;
  std::uint32_t commands = 0;
  WallTime modified_at;
  wire::AwaitTree awaiting;
};

class Stage final : public InvokerHost {
 public:
  explicit Stage(std::uint32_t slots = 1000, std::uint64_t seed = 1);
  ~Stage();

  /// Carries out one line of script. `kInvalidArgument` if it is none.
  void run(std::string_view script);
  /// What has happened since the last call.
  std::string log() { return log_.take(); }
  /// Runs, and returns what happened.
  std::string operator()(std::string_view script) {
    run(script);
    return log();
  }

  /// From now on; nobody is here yet.
  void limit_memory(InvocationMemory memory, std::optional<std::size_t> per_invocation = {},
                    std::size_t queued = std::size_t{4} << 20);
  std::size_t journal_reads = 0;
  const MemoryPool& pool() const { return limits_->memory().pool(); }

  ::restate::testing::World world;
  Invoker& invoker() { return *invoker_; }
  Row& row(const std::string& name);
  std::size_t open_exchanges() const;

  Result<void> on_effect(const InvocationId& invocation, std::uint32_t token,
                         wire::Effect effect) override;
  Result<InvocationInput> read_invocation(const InvocationId& invocation) override;
  Result<void> read_journal(const InvocationId& invocation, std::uint32_t from, std::uint32_t to,
                            std::size_t max_bytes, JournalReader& reader) override;
  Result<StateInput> read_state(const wire::InvocationTarget& target, PartitionKey key,
                                std::size_t max_bytes) override;
  schema::SchemaPtr schema() override { return schema_; }

 private:
  struct Pending {
    std::string name;
    std::uint32_t token;
    wire::Effect effect;
  };

  void run_line(std::string_view line);
  void receive(const std::string& name, std::vector<std::string> words);
  void settle();
  void apply_all();
  void apply(Pending pending);
  void append(const std::string& name, wire::JournalEntry entry);
  void append(const std::string& name, const wire::Notification& notification);
  void invoke(const std::string& name);
  void show_status(const std::string& name);
  void change_schema(const std::vector<std::string>& words);
  std::string name_of(const InvocationId& id) const;

  Log log_;
  std::map<std::string, Row> rows_;
  std::map<std::string, Bytes> state_;
  std::deque<Pending> pending_;
  bool hold_ = false;
  bool fail_reads_ = false;
  std::uint32_t next_token_ = 1;
  schema::Schema draft_;
  schema::SchemaPtr schema_;
  InvokerOptions options_;
  const std::uint32_t slots_;
  std::unique_ptr<Exchanges> exchanges_;
  std::unique_ptr<SharedLimits> limits_;
  std::unique_ptr<Invoker> invoker_;
};

}  // namespace restate::invoker::testing
