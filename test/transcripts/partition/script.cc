#include "script.h"

#include "rows_text.h"

#include <cstdlib>
#include <iostream>
#include <utility>

namespace restate::testing {

namespace {

[[noreturn]] void bad_script(const std::string& what) {
  std::cerr << "bad transcript: " << what << "\n";
  std::exit(2);
}

}  // namespace

/// Words of a line; text in quotes is one word.
class Script::Words {
 public:
  explicit Words(const std::string& line) : line_(line) {
    std::size_t at = 0;
    while (at < line.size()) {
      if (line[at] == ' ') {
        ++at;
      } else if (line[at] == '"') {
        const std::size_t end = line.find('"', at + 1);
        words_.push_back(line.substr(at + 1, end - at - 1));
        at = end + 1;
      } else {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        words_.push_back(line.substr(at, end - at));
        at = end;
      }
    }
  }

  bool done() const { return at_ == words_.size(); }
  std::string word() {
    if (done()) bad_script("'" + line_ + "' is too short");
    return words_[at_++];
  }
  /// Takes `keyword` if it comes next.
  bool take(std::string_view keyword) {
    if (done() || words_[at_] != keyword) return false;
    ++at_;
    return true;
  }
  std::uint64_t number() { return std::stoull(word()); }
  std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
  InvocationId id() {
    const std::string name = word();
    if (name.size() != 1 || name[0] < 'A' || name[0] > 'Z') bad_script("no invocation: " + name);
    return make_id(static_cast<std::uint8_t>(name[0] - 'A' + 1));
  }
  std::optional<RequestId> request() {
    if (done() || words_[at_][0] != 'r') return std::nullopt;
    return make_request(static_cast<std::uint8_t>(std::stoul(word().substr(1))));
  }
  DeploymentId deployment() {
    return make_deployment(static_cast<std::uint8_t>(std::stoul(word().substr(2))));
  }
  wire::InvocationTarget target() {
    const std::string kind = word();
    const std::string path = word();
    const std::size_t first = path.find('/');
    const std::size_t last = path.rfind('/');
    wire::InvocationTarget target = kind == "service"    ? service()
                                    : kind == "object"   ? object("", true)
                                    : kind == "shared"   ? object("", false)
                                    : kind == "workflow" ? workflow("", true)
                                                         : workflow("", false);
    target.service = path.substr(0, first);
    target.handler = path.substr(last + 1);
    if (first != last) target.key = path.substr(first + 1, last - first - 1);
    return target;
  }
  /// `void`, `fail <code> <text>`, or a text.
  std::variant<wire::Void, Bytes, wire::Failure> result() {
    if (take("void")) return wire::Void{};
    if (take("fail")) {
      const std::uint32_t code = small();
      return wire::Failure{code, word(), {}};
    }
    return Bytes(word());
  }
  wire::InvocationResult output() {
    auto any = result();
    if (auto* failure = std::get_if<wire::Failure>(&any)) return std::move(*failure);
    return std::get<Bytes>(std::move(any));
  }
  std::variant<wire::SignalIndex, wire::SignalName> signal() {
    const std::string name = word();
    if (name[0] >= '0' && name[0] <= '9') {
      return wire::SignalIndex{static_cast<std::uint32_t>(std::stoul(name))};
    }
    return wire::SignalName{name};
  }
  /// `c1`, `s17` or `s:name`.
  wire::NotificationId notification() {
    const std::string name = word();
    if (name[0] == 's' && name[1] == ':') return wire::SignalName{name.substr(2)};
    const auto value = static_cast<std::uint32_t>(std::stoul(name.substr(1)));
    if (name[0] == 'c') return wire::CompletionId{value};
    return wire::SignalIndex{value};
  }
  std::optional<std::uint32_t> ack() {
    if (!take("ack")) return std::nullopt;
    return small();
  }
  const std::string& line() const { return line_; }

 private:
  const std::string& line_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

std::string Script::run(const std::vector<std::string>& lines) {
  extra_.clear();
  std::vector<Record> records;
  for (const auto& line : lines) run_line(line, records);
  std::string out;
  for (const auto& action : partition_.apply_batch(records)) {
    out += partition::describe(action) + "\n";
  }
  out += extra_;
  const storage::Batch& batch = partition_.last_batch();
  for (const auto& op : batch.operations()) {
    const std::string row = describe_row(batch.key(op), batch.value(op), op.erase);
    if (!row.empty()) out += "  " + row + "\n";
  }
  return named(std::move(out));
}

void Script::run_line(const std::string& line, std::vector<Record>& records) {
  Words words(line);
  const std::string verb = words.word();
  if (verb == "reopen") {
    partition_.reopen();
    return;
  }
  if (verb == "lead") {
    // What a new leader finds to do.
    partition_.tables()
        .scan_invocations(
            {},
            [&](const InvocationId& id, const partition::StatusHeader& header, std::string_view) {
              if (header.status == partition::Status::kInvoked) extra_ += "runs " + id.str() + "\n";
              return true;
            })
        .value();
    return;
  }
  if (verb == "deliver") {
    const std::uint64_t sequence = words.number();
    bool found = false;
    partition_.tables()
        .scan_outbox(
            sequence,
            [&](std::uint64_t at, wire::OutboxMessage&& message) {
              found = at == sequence;
              const wire::PartitionDedup dedup{partition_.id(), at};
              std::visit([&](auto&& m) { records.push_back({wire::Command(m), dedup}); }, message);
              return false;
            })
        .value();
    if (!found) bad_script("no message " + std::to_string(sequence));
    return;
  }
  if (verb == "announce") {
    const LeaderEpoch epoch{words.number()};
    records.push_back({wire::AnnounceLeader{{}, epoch}, wire::SelfDedup{epoch, 0}});
    return;
  }
  wire::Dedup dedup;
  if (words.take("self")) {  // <verb> self <epoch> <sequence> ...
    const LeaderEpoch epoch{words.number()};
    dedup = wire::SelfDedup{epoch, words.number()};
  }
  wire::Command made = command(verb, words);
  if (!words.done()) bad_script("'" + line + "' is too long");
  records.push_back({std::move(made), dedup});
}

wire::Command Script::command(const std::string& verb, Words& words) {
  if (verb == "truncate") return wire::TruncateOutbox{words.number()};
  if (verb == "patch") {
    wire::PatchState patch;
    patch.target = words.target();
    patch.key = make_id(1).key;
    if (words.take("version")) patch.expected_version = words.word();
    while (!words.done()) {
      const std::string pair = words.word();
      const std::size_t equals = pair.find('=');
      patch.state[pair.substr(0, equals)] = Bytes(pair.substr(equals + 1));
    }
    return patch;
  }
  if (verb == "feature") {
    wire::VersionBarrier barrier;
    barrier.min_version = "0.1.0";
    barrier.features.push_back(static_cast<std::uint16_t>(words.number()));
    return barrier;
  }
  if (verb == "decide") {
    // decide run A B take-back C: places as the rows have them; `stale A`: one that was.
    wire::QueueDecisions decisions;
    std::vector<wire::QueuePlace>* list = &decisions.runs;
    while (!words.done()) {
      if (words.take("run")) list = &decisions.runs;
      if (words.take("take-back")) list = &decisions.yields;
      const bool stale = words.take("stale");
      list->push_back(place(words.id()));
      if (stale) --list->back().at.sequence;
    }
    return decisions;
  }
  if (verb == "pause-queue" || verb == "resume-queue") {
    return wire::PauseQueue{place(words.id()).id(), verb == "pause-queue"};
  }
  const InvocationId id = words.id();
  if (verb == "yield") {
    wire::Yielded yielded{"backs off"};
    if (words.take("until")) yielded.resume_at = WallTime{words.number()};
    if (words.take("attempts")) yielded.retry.attempts = yielded.retry.failed = words.number();
    return effect(id, std::move(yielded));
  }
  if (verb == "pause-effect") return effect(id, wire::Paused{});
  if (verb == "invoke") {
    wire::InvocationTarget target = words.target();
    InvokeOptions options;
    std::optional<std::string> scope;
    std::string limit_key;
    while (!words.done()) {
      if (words.take("reply"))
        options.reply = words.request();
      else if (words.take("submit"))
        options.submit = words.request();
      else if (words.take("at"))
        options.at = WallTime{words.number()};
      else if (words.take("scope"))
        scope = words.word();
      else if (words.take("limit"))
        limit_key = words.word();
      else if (words.take("retain"))
        options.retention = {words.number(), words.number()};
      else
        bad_script(words.line());
    }
    target.scope = scope;
    wire::Invoke made = invoke(id, target, options);
    made.invocation.limit_key = limit_key;
    return made;
  }
  if (verb == "kill" || verb == "cancel") {
    const auto flavor =
        verb == "kill" ? wire::Terminate::Flavor::kKill : wire::Terminate::Flavor::kCancel;
    return wire::Terminate{id, flavor, {}, words.request()};
  }
  if (verb == "purge") return wire::Purge{id, {}, words.request()};
  if (verb == "purge-journal") return wire::PurgeJournal{id, {}, words.request()};
  if (verb == "pause") return wire::Pause{id, words.request()};
  if (verb == "resume") return wire::Resume{id, std::nullopt, words.request()};
  if (verb == "restart") {
    wire::RestartAsNew restart;
    restart.invocation = id;
    restart.new_invocation = words.id();
    if (words.take("from")) restart.copy_up_to = words.small();
    restart.request = words.request();
    return restart;
  }
  if (verb == "attach") return wire::Attach{id, true, wire::IngressSink{*words.request()}};
  if (verb == "signal") {
    auto signal = words.signal();
    return wire::NotifySignal{id, std::move(signal), words.result()};
  }
  if (verb == "respond") {
    const std::uint32_t completion = words.small();
    return wire::InvocationResponse{id, {}, completion, words.result()};
  }
  if (verb == "timer") {
    wire::TimerFired fired;
    fired.key.invocation = id;
    fired.key.kind =
        words.take("start") ? wire::TimerKind::kStartScheduled : wire::TimerKind::kCompleteSleep;
    if (fired.key.kind == wire::TimerKind::kCompleteSleep) {
      words.word();
      fired.key.completion = words.small();
    }
    words.take("at");
    fired.key.at = {words.number()};
    const auto status = partition_.status(id);
    if (status) fired.incarnation = status->incarnation;
    return fired;
  }
  if (verb == "pin") {
    const DeploymentId deployment = words.deployment();
    return effect(id, wire::Pinned{{deployment, static_cast<std::uint16_t>(words.number())}});
  }
  if (verb == "end") return ended(id);
  if (verb == "fail") {
    const std::uint32_t code = words.small();
    return effect(id, wire::Failed{{code, words.word(), {}}});
  }
  if (verb == "suspend") {
    wire::Suspended suspended;
    while (!words.done()) {
      if (words.take("delivered"))
        suspended.delivered = words.small();
      else
        suspended.awaiting.leaves.push_back(words.notification());
    }
    return effect(id, suspended);
  }
  if (auto stored = entry_command(verb, id, words)) return *std::move(stored);
  bad_script("unknown command " + verb);
}

std::optional<wire::InvokerEffect> Script::entry_command(const std::string& verb,
                                                         const InvocationId& id, Words& words) {
  using wire::EntryType;
  const auto completion = [&] { return wire::CompletionId{words.small()}; };
  const auto make = [&](EntryType type, const wire::EntryContent& content) {
    return entry(id, type, content, words.ack());
  };
  if (verb == "output") return make(EntryType::kOutput, wire::OutputEntry{words.output()});
  if (verb == "sleep") {
    const auto c = completion();
    words.take("until");
    return make(EntryType::kSleep, wire::SleepEntry{{words.number()}, c});
  }
  if (verb == "run") return make(EntryType::kRun, wire::RunEntry{completion()});
  if (verb == "ran") {
    const auto c = completion();
    wire::NotificationResult result = Bytes(words.word());
    return make(EntryType::kRunCompletion,
                wire::Notification{EntryType::kRunCompletion, c, std::move(result)});
  }
  if (verb == "set") {
    const Bytes key(words.word());
    return make(EntryType::kSetState, wire::SetStateEntry{key, Bytes(words.word())});
  }
  if (verb == "call" || verb == "send") {
    const bool one_way = verb == "send";
    const wire::CompletionId id_completion = completion();
    const wire::CompletionId result = one_way ? wire::CompletionId{} : completion();
    wire::CallInfo info;
    info.callee = words.id();
    info.target = words.target();
    const WallTime at = words.take("at") ? WallTime{words.number()} : WallTime{};
    wire::CallRequest request;
    request.service = info.target.service;
    request.handler = info.target.handler;
    request.key = info.target.key;
    wire::InvokerEffect made =
        one_way ? make(EntryType::kOneWayCall, wire::OneWayCallEntry{request, at, id_completion})
                : make(EntryType::kCall, wire::CallEntry{request, id_completion, result});
    std::get<wire::NewEntry>(made.effect).call = std::move(info);
    return made;
  }
  if (verb == "promise-get") {
    const auto c = completion();
    return make(EntryType::kGetPromise, wire::GetPromiseEntry{words.word(), c});
  }
  if (verb == "promise-complete") {
    const auto c = completion();
    const std::string key = words.word();
    return make(EntryType::kCompletePromise, wire::CompletePromiseEntry{key, words.output(), c});
  }
  return std::nullopt;
}

wire::QueuePlace Script::place(const InvocationId& id) const {
  const auto entry = partition_.tables().find_queue_entry(id).value();
  if (!entry) bad_script("nobody stands in a queue: " + id.str());
  return {id, entry->queue, entry->at};
}

// Ids are long; the script's names are not.
std::string Script::named(std::string text) const {
  const auto replace = [&](const std::string& what, const std::string& name) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
      text.replace(at, what.size(), name);
      at += name.size();
    }
  };
  for (char name = 'A'; name <= 'Z'; ++name) {
    replace(make_id(static_cast<std::uint8_t>(name - 'A' + 1)).str(), std::string(1, name));
  }
  for (std::uint8_t i = 1; i < 10; ++i) {
    replace("ee00000000000000000000000000000" + std::to_string(i), "r" + std::to_string(i));
    replace(make_deployment(i).str(), "dp" + std::to_string(i));
  }
  return text;
}

}  // namespace restate::testing
