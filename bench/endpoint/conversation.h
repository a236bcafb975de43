#pragma once

// One attempt of a bench handler: reads what was replayed, does the next step, waits, suspends.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Stats {
  std::map<std::string, std::uint64_t> completed;  ///< by handler
  std::vector<double> sleep_late_ms;               ///< wake-up to replay, per resumed sleep
  std::vector<double> replay_ms;                   ///< request head to last replayed entry
  std::vector<std::string> protests;  ///< what a real SDK would have refused
  std::uint64_t early = 0;            ///< handlers that ran before the time they were given
};

class Conversation {
 public:
  /// `send` queues bytes; `finish` ends the response; `wall_ms` is the time of day.
  Conversation(std::string handler, Stats& stats, std::function<double()> wall_ms,
               std::function<void(std::string)> send, std::function<void()> finish);

  void on_bytes(std::string_view bytes);
  /// The server sends no more: whoever waits must suspend.
  void on_input_closed();

 private:
  void on_frame(std::uint16_t type, std::string_view payload);
  void on_start(std::string_view payload);
  void on_replayed();
  void step();

  void step_set();
  void step_add();
  /// The state under `key`: as the journal has it, or read now.
  std::string read(std::string_view key);
  void write(std::string_view key, std::string_view value);
  void step_run();
  void step_parallel_runs();
  void step_sleep(bool stay);
  void step_call();
  void step_send();
  void step_replay();
  void step_leave();
  void step_tree();
  void step_flow();
  void step_settle();
  /// Notes what the frame announces or completes, and protests if it was there before.
  void remember(std::uint16_t type, std::string_view payload);
  void protest(std::string_view what);
  void call(std::string_view handler, std::string_view parameter);

  void command(std::uint16_t type, const std::string& payload);
  void propose(std::uint32_t completion, std::string_view value);
  void wait(std::uint32_t completion);
  void suspend(std::uint32_t completion);
  void output(std::string_view value);
  void fail(std::uint32_t code, std::string_view message);
  void flush();
  std::string random_text(std::size_t size);

  const std::string handler_;
  Stats& stats_;
  std::function<double()> wall_ms_;
  std::function<void(std::string)> send_;
  std::function<void()> finish_;
  std::string buffer_;
  std::string out_;
  double started_ms_ = 0;

  std::uint32_t known_entries_ = 0;
  std::uint32_t seen_entries_ = 0;
  bool replaying_ = true;
  bool done_ = false;
  bool input_closed_ = false;
  std::map<std::string, std::string> state_;
  std::string input_;
  std::uint64_t a_ = 0, b_ = 0;
  std::uint32_t runs_ = 0, calls_ = 0, sleeps_ = 0, sends_ = 0;  ///< commands in the journal
  std::uint64_t last_wake_ms_ = 0;
  bool output_recorded_ = false;
  std::optional<std::string> read_;     ///< what the journal says the state was; empty: nothing
  std::optional<std::string> written_;  ///< what the journal says was set
  std::map<std::uint32_t, bool> completions_;
  std::map<std::uint32_t, std::string> values_;   ///< of completions that have one
  std::map<std::uint32_t, std::string> signals_;  ///< by index, the first of each
  std::map<std::uint32_t, bool> announced_;       ///< completions that commands have asked for
  std::uint32_t promises_ = 0;
  std::uint32_t waiting_signal_ = 0;
  std::uint32_t waiting_for_ = 0;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
};

}  // namespace bench
