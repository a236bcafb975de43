#include "conversation.h"

#include "protobuf.h"

#include <cstdlib>

namespace bench {
namespace {

constexpr std::uint16_t kStart = 0x0000, kSuspension = 0x0001, kEnd = 0x0003, kPropose = 0x0005;
constexpr std::uint16_t kInput = 0x0400, kOutput = 0x0401, kSetState = 0x0403,
                        kGetEagerState = 0x0407, kSleep = 0x040C, kCall = 0x040D,
                        kOneWayCall = 0x040E, kRun = 0x0411, kGetPromise = 0x0409,
                        kCompletePromise = 0x040B;
constexpr std::uint16_t kNotification = 0x8000;
// The server cancels by the first signal; awakeables begin at the seventeenth.
constexpr std::uint32_t kCancel = 1, kFirstAwakeable = 17;

std::string value_of(std::string_view content) {
  std::string value;
  if (!content.empty()) put_bytes(value, 1, content);
  return value;
}

}  // namespace

Conversation::Conversation(std::string handler, Stats& stats, std::function<double()> wall_ms,
                           std::function<void(std::string)> send, std::function<void()> finish)
    : handler_(std::move(handler)),
      stats_(stats),
      wall_ms_(std::move(wall_ms)),
      send_(std::move(send)),
      finish_(std::move(finish)),
      started_ms_(wall_ms_()) {}

void Conversation::on_bytes(std::string_view bytes) {
  // The common case is whole frames in one piece: parse in place, keep only what is left over.
  if (!buffer_.empty()) {
    buffer_.append(bytes);
    bytes = buffer_;
  }
  std::size_t at = 0;
  while (bytes.size() - at >= 8) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
    const auto type = static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
    const std::size_t size = static_cast<std::size_t>(byte(4)) << 24 | byte(5) << 16 |
                             byte(6) << 8 | byte(7);
    if (bytes.size() - at < 8 + size) break;
    on_frame(type, bytes.substr(at + 8, size));
    at += 8 + size;
  }
  std::string rest(bytes.substr(at));
  buffer_ = std::move(rest);
  flush();
}

void Conversation::on_input_closed() {
  input_closed_ = true;
  if (!done_ && !replaying_ && (waiting_for_ != 0 || waiting_signal_ != 0)) suspend(waiting_for_);
  flush();
}

void Conversation::on_frame(std::uint16_t type, std::string_view payload) {
  if (done_) return;
  if (type == kStart) return on_start(payload);
  remember(type, payload);
  if ((type & kNotification) != 0) {
    // That was all.
  } else if (type == kInput) {
    Fields fields(payload);
    while (fields.next()) {
      if (fields.field != 14) continue;
      Fields value(fields.bytes);
      while (value.next()) {
        if (value.field == 1) input_ = std::string(value.bytes);
      }
    }
  } else if (type == kGetEagerState || type == kSetState) {
    std::string value;
    Fields fields(payload);
    while (fields.next()) {
      if (fields.field != 14 && fields.field != 3) continue;
      Fields content(fields.bytes);
      while (content.next()) {
        if (content.field == 1) value = std::string(content.bytes);
      }
    }
    if (type == kSetState && written_) protest("the journal sets the state twice");
    (type == kSetState ? written_ : read_) = value;
  } else if (type == kOutput) {
    if (output_recorded_) protest("the journal has two outputs");
    output_recorded_ = true;
  } else if (type == kGetPromise || type == kCompletePromise) {
    ++promises_;
  } else if (type == kRun) {
    ++runs_;
  } else if (type == kOneWayCall) {
    ++sends_;
  } else if (type == kCall) {
    ++calls_;
  } else if (type == kSleep) {
    ++sleeps_;
    Fields fields(payload);
    while (fields.next()) {
      if (fields.field == 1) last_wake_ms_ = fields.number;
    }
  }
  if (replaying_) {
    if (++seen_entries_ == known_entries_) on_replayed();
  } else {
    step();
  }
}

void Conversation::remember(std::uint16_t type, std::string_view payload) {
  const bool notification = (type & kNotification) != 0;
  const bool asks = type == kSleep || type == kCall || type == kRun || type == kGetPromise ||
                    type == kCompletePromise;
  if (!notification && !asks) return;
  std::optional<std::uint32_t> completion, signal;
  std::string value;
  Fields fields(payload);
  while (fields.next()) {
    const auto number = static_cast<std::uint32_t>(fields.number);
    if (asks && fields.field == 11) completion = number;
    if (notification && fields.field == 1) completion = number;
    if (notification && fields.field == 2) signal = number;
    if (!notification || fields.field != 5) continue;
    Fields content(fields.bytes);
    while (content.next()) {
      if (content.field == 1) value = std::string(content.bytes);
    }
  }
  if (signal) signals_.emplace(*signal, value);
  if (!completion) return;
  bool& known = (asks ? announced_ : completions_)[*completion];
  if (known) {
    protest((asks ? "two commands ask for completion " : "two results for completion ") +
            std::to_string(*completion));
  }
  known = true;
  if (notification) values_[*completion] = value;
}

void Conversation::protest(std::string_view what) {
  stats_.protests.push_back(handler_ + ": " + std::string(what));
}

void Conversation::on_start(std::string_view payload) {
  Fields fields(payload);
  while (fields.next()) {
    if (fields.field == 3) known_entries_ = static_cast<std::uint32_t>(fields.number);
    if (fields.field != 4) continue;
    std::string key, value;
    Fields entry(fields.bytes);
    while (entry.next()) {
      if (entry.field == 1) key = std::string(entry.bytes);
      if (entry.field == 2) value = std::string(entry.bytes);
    }
    state_[key] = value;
  }
}

void Conversation::on_replayed() {
  replaying_ = false;
  // `a` or `"a,b"`.
  std::string text = input_;
  std::erase(text, '"');
  a_ = std::strtoull(text.c_str(), nullptr, 10);
  if (const auto comma = text.find(','); comma != std::string::npos) {
    b_ = std::strtoull(text.c_str() + comma + 1, nullptr, 10);
  }
  step();
}

void Conversation::step() {
  if (done_) return;
  if (waiting_for_ != 0) {
    if (!completions_.contains(waiting_for_) && !signals_.contains(kCancel)) return;
    waiting_for_ = 0;
  }
  if (output_recorded_) {
    put_frame(out_, kEnd, {});
    done_ = true;
    return;
  }
  if (signals_.contains(kCancel)) return fail(409, "canceled");
  if (handler_ == "await") {
    if (const auto signal = signals_.find(kFirstAwakeable); signal != signals_.end()) {
      return output(signal->second);
    }
    waiting_signal_ = kFirstAwakeable;
    if (input_closed_) suspend(0);
    return;
  }
  if (handler_ == "leave") return step_leave();
  if (handler_ == "tree") return step_tree();
  if (handler_ == "flow") return step_flow();
  if (handler_ == "settle") return step_settle();
  if (handler_ == "due") {
    if (wall_ms_() + 1 < static_cast<double>(a_)) ++stats_.early;
    return output("ok");
  }
  if (handler_ == "nap") return step_sleep(false);
  if (handler_ == "fan") return step_send();
  if (handler_ == "run") return step_run();
  if (handler_ == "runp") return step_parallel_runs();
  if (handler_ == "sleep") return step_sleep(false);
  if (handler_ == "hold") return step_sleep(true);
  if (handler_ == "call") return step_call();
  if (handler_ == "send") return step_send();
  if (handler_ == "replay") return step_replay();
  if (handler_ == "get") return output(std::to_string(read("k").size()));
  if (handler_ == "set") return step_set();
  if (handler_ == "add") return step_add();
  if (handler_ == "value") {
    const auto found = state_.find("n");
    return output(found == state_.end() ? "0" : found->second);
  }
  output(input_);  // noop
}

void Conversation::step_set() {
  if (!written_) write("k", random_text(a_));
  output(std::to_string(a_));
}

void Conversation::step_add() {
  if (!written_) {
    const std::uint64_t before = std::strtoull(read("n").c_str(), nullptr, 10);
    write("n", std::to_string(before + std::max<std::uint64_t>(a_, 1)));
  }
  output(*written_);
}

std::string Conversation::read(std::string_view key) {
  if (read_) return *read_;
  const auto found = state_.find(std::string(key));
  std::string get;
  put_bytes(get, 1, key);
  if (found == state_.end()) put_bytes(get, 13, "");
  else put_bytes(get, 14, value_of(found->second));
  command(kGetEagerState, get);
  read_ = found == state_.end() ? "" : found->second;
  return *read_;
}

void Conversation::write(std::string_view key, std::string_view value) {
  std::string set;
  put_bytes(set, 1, key);
  put_bytes(set, 3, value_of(value));
  command(kSetState, set);
  written_ = std::string(value);
}

void Conversation::step_run() {
  const std::size_t size = b_ == 0 ? 4 : b_;
  // A run without a result was cut off before its proposal: do it again.
  if (runs_ > 0 && !completions_.contains(runs_)) {
    propose(runs_, random_text(size));
    return wait(runs_);
  }
  if (runs_ == a_) return output(std::to_string(a_));
  ++runs_;
  std::string run;
  put_uint(run, 11, runs_);
  command(kRun, run);
  propose(runs_, random_text(size));
  wait(runs_);
}

void Conversation::step_parallel_runs() {
  while (runs_ < a_) {
    ++runs_;
    std::string run;
    put_uint(run, 11, runs_);
    command(kRun, run);
    propose(runs_, random_text(b_ == 0 ? 4 : b_));
  }
  for (std::uint32_t i = 1; i <= runs_; ++i) {
    if (!completions_.contains(i)) return wait(i);
  }
  output(std::to_string(a_));
}

void Conversation::step_sleep(bool stay) {
  if (sleeps_ == 0) {
    const double now = wall_ms_();
    // Small numbers are milliseconds from now, large ones (b) an absolute second.
    const auto wake = b_ != 0 ? b_ * 1000 : static_cast<std::uint64_t>(now) + a_;
    ++sleeps_;
    std::string sleep;
    put_uint(sleep, 1, wake);
    put_uint(sleep, 11, 1);
    command(kSleep, sleep);
    last_wake_ms_ = wake;
    if (stay) return wait(1);
    return suspend(1);
  }
  if (!completions_.contains(1)) return stay ? wait(1) : suspend(1);
  stats_.sleep_late_ms.push_back(wall_ms_() - static_cast<double>(last_wake_ms_));
  output(handler_ == "nap" ? std::to_string(a_) : std::to_string(last_wake_ms_));
}

/// Calls, and goes without the answer unless told to stay (b). An answer that finds a later life of
/// the same id must not be taken for its own.
void Conversation::step_leave() {
  if (calls_ == 0) {
    ++calls_;
    call("nap", "\"" + std::to_string(a_) + "\"");
  }
  if (b_ == 0) return output("left");
  if (!completions_.contains(2)) return wait(2);
  output(values_[2]);
}

/// A tree of calls that ends when somebody kills it.
void Conversation::step_tree() {
  if (a_ == 0) {
    a_ = 3'600'000;
    return step_sleep(false);
  }
  if (calls_ == 0) {
    ++calls_;
    call("tree", "\"" + std::to_string(a_ - 1) + "\"");
  }
  if (!completions_.contains(2)) return wait(2);
  output(values_[2]);
}

void Conversation::step_flow() {
  if (!written_) {
    const std::uint64_t before = std::strtoull(read("n").c_str(), nullptr, 10);
    write("n", std::to_string(before + 1));
  }
  if (promises_ == 0) {
    ++promises_;
    std::string get;
    put_bytes(get, 1, "p");
    put_uint(get, 11, 1);
    command(kGetPromise, get);
  }
  if (!completions_.contains(1)) return wait(1);
  output(*written_ + values_[1]);
}

void Conversation::step_settle() {
  if (promises_ == 0) {
    ++promises_;
    std::string complete;
    put_bytes(complete, 1, "p");
    put_bytes(complete, 2, value_of("7"));
    put_uint(complete, 11, 1);
    command(kCompletePromise, complete);
  }
  if (!completions_.contains(1)) return wait(1);
  output("ok");  // also when somebody was faster
}

void Conversation::call(std::string_view handler, std::string_view parameter) {
  std::string call;
  put_bytes(call, 1, "Bench");
  put_bytes(call, 2, handler);
  put_bytes(call, 3, parameter);
  put_uint(call, 10, 1);
  put_uint(call, 11, 2);
  command(kCall, call);
}

void Conversation::step_call() {
  for (std::uint32_t i = 1; i <= calls_; ++i) {
    if (!completions_.contains(2 * i)) return wait(2 * i);
  }
  if (calls_ == a_) return output(std::to_string(a_));
  ++calls_;
  std::string call;
  put_bytes(call, 1, "Bench");
  put_bytes(call, 2, "noop");
  put_bytes(call, 3, "1");
  if (b_ != 0) {
    put_bytes(call, 7, "t" + std::to_string(b_));
    put_bytes(call, 8, "l1/l2/");
  }
  put_uint(call, 10, 2 * calls_ - 1);
  put_uint(call, 11, 2 * calls_);
  command(kCall, call);
  wait(2 * calls_);
}

void Conversation::step_send() {
  if (sends_ > a_) protest("the journal has more calls than were made");
  const bool add = handler_ == "fan";
  for (std::uint32_t i = sends_ + 1; i <= a_; ++i) {
    std::string call;
    put_bytes(call, 1, add ? "Obj" : "Bench");
    put_bytes(call, 2, add ? "add" : "noop");
    put_bytes(call, 3, "1");
    if (add) put_bytes(call, 6, "k" + std::to_string(b_));
    put_uint(call, 10, i);
    command(kOneWayCall, call);
  }
  output(std::to_string(a_));
}

void Conversation::step_replay() {
  if (runs_ < a_ || sleeps_ == 0) {
    // Phase one: all steps at once, then wait for the last.
    while (runs_ < a_) {
      ++runs_;
      std::string run;
      put_uint(run, 11, runs_);
      command(kRun, run);
      propose(runs_, random_text(4));
    }
    for (std::uint32_t i = 1; i <= runs_; ++i) {
      if (!completions_.contains(i)) return wait(i);
    }
  } else {
    stats_.replay_ms.push_back(wall_ms_() - started_ms_);
  }
  if (sleeps_ == b_) return output(std::to_string(a_));
  const std::uint32_t completion = static_cast<std::uint32_t>(a_) + sleeps_ + 1;
  ++sleeps_;
  std::string sleep;
  put_uint(sleep, 1, static_cast<std::uint64_t>(wall_ms_()) + 1);
  put_uint(sleep, 11, completion);
  command(kSleep, sleep);
  suspend(completion);
}

void Conversation::command(std::uint16_t type, const std::string& payload) {
  put_frame(out_, type, payload);
}

void Conversation::propose(std::uint32_t completion, std::string_view value) {
  std::string proposal;
  put_uint(proposal, 1, completion);
  put_bytes(proposal, 14, value);
  put_frame(out_, kPropose, proposal);
}

void Conversation::wait(std::uint32_t completion) {
  waiting_for_ = completion;
  if (input_closed_) suspend(completion);
}

void Conversation::suspend(std::uint32_t completion) {
  std::string suspension;
  if (completion != 0) put_uint(suspension, 1, completion);
  put_uint(suspension, 2, kCancel);
  if (waiting_signal_ != 0) put_uint(suspension, 2, waiting_signal_);
  put_frame(out_, kSuspension, suspension);
  done_ = true;
}

void Conversation::output(std::string_view value) {
  std::string payload;
  put_bytes(payload, 14, value_of(value));
  put_frame(out_, kOutput, payload);
  put_frame(out_, kEnd, {});
  ++stats_.completed[handler_];
  done_ = true;
}

void Conversation::fail(std::uint32_t code, std::string_view message) {
  std::string failure;
  put_uint(failure, 1, code);
  put_bytes(failure, 2, message);
  std::string payload;
  put_bytes(payload, 15, failure);
  put_frame(out_, kOutput, payload);
  put_frame(out_, kEnd, {});
  done_ = true;
}

void Conversation::flush() {
  if (!out_.empty()) {
    send_(std::move(out_));
    out_.clear();
  }
  if (done_ && finish_) {
    auto finish = std::move(finish_);
    finish_ = nullptr;
    finish();
  }
}

std::string Conversation::random_text(std::size_t size) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(size, 'x');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 10 == 0) {
      random_ ^= random_ << 13;
      random_ ^= random_ >> 7;
      random_ ^= random_ << 17;
      bits = random_;
    }
    text[i] = kLetters[bits & 63];
    bits >>= 6;
  }
  return text;
}

}  // namespace bench
