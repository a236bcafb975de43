#pragma once

/// \file
/// What a trial knows: which faults strike, where the process dies, and the journals and the story
/// that its observers write.

#include "common/visibility.h"
#include "native/pool.h"
#include "protocol/frame.h"
#include "runtime/split_mix.h"
#include "trial/describe.h"

#include <restate/ids.h>
#include <restate/testing/trial.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::testing {

/// What becomes of something that a handler and the engine say to each other.
enum class Verdict : std::uint8_t {
  kPass,
  kLost,          ///< the process dies, and it with it
  kSaid,          ///< it arrives, and the process dies
  kDurable,       ///< the process dies when the log has it, before anybody hears of that
  kDisconnected,  ///< it arrives, and then the connection between handler and engine breaks
};

/// Where the explorer lets the process die, and how.
struct CrashPlan {
  std::size_t position = 0;
  Verdict verdict = Verdict::kPass;
};

/// A place where a crash makes a difference.
struct Position {
  enum class Kind : std::uint8_t {
    kSaid,    ///< by a handler, to the engine
    kHeard,   ///< by a handler, from the engine
    kCalled,  ///< a way to the outside or back
  };
  Kind kind = Kind::kSaid;
  std::string what;
};

/// Who can let the process die.
class Crasher {
 public:
  /// After the event that runs.
  virtual void crash_now() = 0;
  /// When the log has made durable what it is given next, or soon if it is given nothing.
  virtual void crash_when_durable() = 0;
  virtual void jump_clock(milliseconds by) = 0;

 protected:
  ~Crasher() = default;
};

/// What is known of an invocation.
struct InvocationView {
  std::uint32_t number = 0;
  std::string target;
  std::uint32_t attempts = 0;
  std::vector<std::string> commands;  ///< of its journal in words, as its last attempt shows it
  bool ended = false;
};

/// One attempt, as far as it was seen.
struct AttemptView {
  InvocationView& invocation;
  std::uint16_t protocol = 0;
  std::uint32_t number = 0;
  std::uint32_t replay_left = 0;
  CompletionNames names;
};

class RESTATE_HIDDEN TrialState {
 public:
  TrialState(Seed seed, Faults faults, std::optional<CrashPlan> plan,
             std::shared_ptr<native::BatonPool> pool);

  World& world() { return world_; }
  native::BatonPool& pool() { return *pool_; }
  SplitMix64& ids() { return ids_; }
  SplitMix64& scenario() { return scenario_; }
  const Faults& faults() const { return faults_; }
  /// For whatever else goes wrong.
  std::uint64_t draw() { return chance_.next(); }

  // --- Faults ---

  /// The process whose handlers call the outside; null: there is none any more.
  void set_crasher(Crasher* crasher) { crasher_ = crasher; }
  Result<void> request(std::string_view what);
  Result<void> reply(std::string_view what);
  /// How far the time of day jumps now; mostly not at all.
  std::optional<milliseconds> clock_jump();
  std::uint64_t crashes() const { return crashes_; }
  bool plan_struck() const { return plan_struck_; }

  // --- What observers see ---

  AttemptView begin_attempt(const InvocationId& invocation, std::string target,
                            std::uint16_t protocol);
  /// A frame of the handler, before it goes on.
  Verdict on_said(AttemptView& attempt, const protocol::Frame& frame);
  /// A frame of the engine, before it goes on: `kPass` or `kLost`.
  Verdict on_heard(AttemptView& attempt, const protocol::Frame& frame);
  Instant last_seen() const { return last_seen_; }

  void on_crash();
  void on_restart();
  void on_request(std::size_t number, std::string_view what);
  void on_answer(std::size_t number, const Result<Bytes>& answer);

  // --- What comes out ---

  void note(std::string_view line);
  void fail(std::string problem);
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<std::string>& lines() const { return lines_; }
  const std::vector<Position>& positions() const { return positions_; }
  const std::vector<std::string>& answers() const { return answers_; }
  const std::map<InvocationId, InvocationView>& invocations() const { return invocations_; }

 private:
  bool strikes(std::uint32_t per_million);
  /// False: the process died meanwhile.
  bool slow_down(std::string_view what, std::string_view part);
  Verdict judge(Position::Kind kind, const std::string& what);
  /// False: the process dies on the way.
  bool gets_through(std::string_view what, std::string_view part);
  void record(AttemptView& attempt, const protocol::Frame& frame, const std::string& what);
  void line(const AttemptView& attempt, std::string_view what);

  const Faults faults_;
  const std::optional<CrashPlan> plan_;
  std::shared_ptr<native::BatonPool> pool_;
  World world_;
  SplitMix64 ids_;       ///< of requests, so that crashes change none of them
  SplitMix64 scenario_;  ///< for the test's own choices
  SplitMix64 chance_;    ///< for faults
  Crasher* crasher_ = nullptr;
  bool dying_ = false;  ///< it was told to die, and its handler has not noticed
  std::uint64_t crashes_ = 0;
  bool plan_struck_ = false;
  Instant last_seen_;
  std::vector<Position> positions_;
  std::map<InvocationId, InvocationView> invocations_;
  std::vector<std::string> answers_;  ///< by request
  std::vector<std::string> lines_;
  std::vector<std::string> problems_;
};

}  // namespace restate::testing
