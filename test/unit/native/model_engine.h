#pragma once

/// \file
/// An engine in a page: a journal, a state, and answers to what a handler asks. It runs a handler
/// attempt by attempt on the test's own thread and writes down every frame that passes.

#include "native/session.h"
#include "native/vm.h"
#include "protocol/frame.h"
#include "wire/entry.h"

#include <restate/context.h>
#include <restate/log.h>
#include <restate/service.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace restate::native::testing {

/// When the engine asks the handler to suspend.
enum class Patience {
  kLive,      ///< never: completions arrive as the handler waits
  kReplay,    ///< at once: request/response mode
  kOnDemand,  ///< when it has nothing to say
  kPressed,   ///< as soon as the attempt has done as much as it replayed: others want the thread
  kCrowded,   ///< others want the thread whenever there is news
};

/// How one attempt ended.
struct Outcome {
  enum class Kind { kEnded, kSuspended, kFailed, kSilent } kind = Kind::kSilent;
  wire::AwaitTree awaiting;         ///< kSuspended
  protocol::ErrorMessage error;     ///< kFailed
};

struct Entry {
  std::uint16_t type = 0;
  Bytes body;
};

class ModelEngine : private Mailbox, private SessionOutput, private Logger {
 public:
  ModelEngine();

  // What the invocation is.
  std::uint16_t protocol = 6;
  InvocationId id;
  std::string service_name = "Model", handler_name = "serve";
  std::vector<wire::Header> attempt_headers;
  std::string key;
  Bytes input = Bytes("in");
  std::uint64_t seed = 42;
  bool lazy_state = false;
  std::uint32_t retry_count = 0;
  std::uint64_t elapsed_ms = 0;
  Patience patience = Patience::kLive;
  /// Whether sleeps, calls and so on come back by themselves.
  bool answers = true;
  /// News reach a waiting handler each by itself, however many there are.
  bool one_at_a_time = false;
  /// Nobody waits for the attempt.
  bool gone = false;
  /// Called services: what they return.
  std::function<wire::InvocationResult(const wire::CallRequest&)> callee;

  // What it has become.
  std::vector<Entry> journal;
  std::map<Bytes, Bytes> state;
  std::string transcript;
  std::vector<wire::SendSignalEntry> signals_sent;
  std::vector<wire::AwaitTree> announced;  ///< what the handler said that it waits for
  std::uint64_t clock_ms = 1'000'000;
  /// What the handler logged: `warn inv_...: text key=value`.
  std::vector<std::string> logged;
  /// How many frames went to the handler, and how many came from it.
  std::size_t frames = 0;
  /// How often the handler went on although it was asked to suspend.
  int stayed = 0;

  /// Appends a notification from outside. Reaches a running handler the next time it waits.
  void notify(wire::Notification notification);
  void signal(wire::SignalIndex index, wire::NotificationResult result = wire::Void{});

  /// One attempt, from the journal as it is now.
  Outcome attempt(const HandlerFunction& handler);
  /// Attempts until the invocation ends or fails, or nothing changes between two.
  Outcome run(const HandlerFunction& handler, int max_attempts = 200);
  /// The last output in the journal.
  std::optional<wire::InvocationResult> result() const;

  /// Answers what is still open in the journal, as after a crash of everything but the log.
  void settle();

 private:
  void put(HandlerEvent event) override { inbox_.push_back(std::move(event)); }
  HandlerEvent take() override;
  bool abandoned() override { return gone; }
  void set_earned(bool earned) override { earned_ = earned; }
  void stay() override { ++stayed; }
  std::optional<HandlerEvent> try_take() override;
  HandlerEvent pop();
  void write(ByteChain chain, bool last) override;
  WallTime wall_now() override { return {++clock_ms}; }
  Logger& log() override { return *this; }
  bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void write(LogLevel level, std::string_view module, std::string_view message,
             std::initializer_list<LogField> fields) override;

  void on_frame(const protocol::Frame& frame);
  void on_command(wire::EntryType type, const Bytes& body);
  void answer(wire::EntryType type, const wire::EntryContent& content);
  void complete(wire::EntryType type, wire::CompletionId completion, wire::NotificationResult answer);
  bool has_completion(std::uint32_t completion) const;
  void show(const char* direction, std::uint16_t type, const Bytes& body);

  std::deque<HandlerEvent> inbox_;
  std::unique_ptr<protocol::FrameDecoder> from_handler_;
  Outcome outcome_;
  bool running_ = false;
  bool input_closed_ = false;
  bool settling_ = false;
  bool earned_ = false;
};

/// `Sleep 4 "zz"`: a frame in one line.
std::string describe_frame(std::uint16_t type, const Bytes& body, std::uint16_t protocol);

}  // namespace restate::native::testing
