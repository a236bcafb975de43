#include "unit/invoker/stage.h"

#include "common/hash.h"
#include "protocol/control.h"
#include "unit/invoker/stage_message.h"
#include "unit/invoker/stage_text.h"
#include "wire/entry.h"

#include <restate/assert.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace restate::invoker::testing {

using std::chrono::microseconds;

/// Endpoints that do nothing by themselves.
struct Exchanges final : DeploymentClient {
  struct Stream final : AttemptStream {
    Stream(Exchanges& o, std::string n, AttemptListener& l, std::uint16_t p)
        : owner(o), name(std::move(n)), listener(l), protocol(p) {}
    ~Stream() override {
      if (!ended) owner.stage_log->line(name + " < cancel");
      std::erase(owner.streams, this);
      owner.gone_at[name] = owner.world->now();
    }
    void send(ByteChain chain) override {
      for (Bytes& bytes : chain) {
        sent += bytes.size();
        decoder.feed(std::move(bytes));
      }
      protocol::Frame frame;
      while (decoder.next(frame) == protocol::FrameDecoder::Step::kFrame) {
        owner.stage_log->line(name + " < " + show(frame));
      }
    }
    void close_input() override { owner.stage_log->line(name + " < end of input"); }
    std::size_t unsent_bytes() const override { return stuck ? sent : 0; }
    void pause() override { owner.stage_log->line(name + " is not read any more"); }
    void resume() override { owner.stage_log->line(name + " is read again"); }

    Exchanges& owner;
    std::string name;
    AttemptListener& listener;
    std::uint16_t protocol;
    protocol::FrameDecoder decoder{1u << 30};
    std::size_t sent = 0;
    bool stuck = false;
    bool head_sent = false;
    bool ended = false;
  };

  std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment, AttemptRequest request,
                                      AttemptListener& listener) override {
    const std::string name = name_of(request.invocation);
    std::string line = name + " < open " + deployment_name(deployment.id) + " " +
                       request.target.str() + " v" + std::to_string(request.protocol) +
                       (request.bidi ? " bidi" : " request-response");
    if (const auto gone = gone_at.find(name); gone != gone_at.end()) {
      const auto since = std::chrono::round<milliseconds>(world->now() - gone->second);
      line += " after " + std::to_string(since.count()) + "ms";
    }
    stage_log->line(line);
    auto stream = std::make_unique<Stream>(*this, name, listener, request.protocol);
    stream->stuck = open_stuck;
    streams.push_back(stream.get());
    return stream;
  }

  /// The newest one of that name.
  Stream& find(const std::string& name) {
    for (auto stream = streams.rbegin(); stream != streams.rend(); ++stream) {
      if ((*stream)->name == name) return **stream;
    }
    RESTATE_ASSERT(false, ("no open exchange for " + name).c_str());
    return *streams.front();
  }

  Log* stage_log = nullptr;
  ::restate::testing::World* world = nullptr;
  Function<std::string(const InvocationId&)> name_of;
  std::vector<Stream*> streams;
  std::map<std::string, Instant> gone_at;
  bool open_stuck = false;
};

namespace {

schema::Handler handler(std::string name, wire::HandlerType type) {
  schema::Handler result;
  result.name = std::move(name);
  result.type = type;
  return result;
}

schema::ServiceRevision revision(std::string name, wire::ServiceType type,
                                 std::vector<schema::Handler> handlers) {
  schema::ServiceRevision result;
  result.name = std::move(name);
  result.type = type;
  for (auto& h : handlers) result.handlers.emplace(h.name, h);
  return result;
}

DeploymentId deployment_id(std::uint8_t number) {
  DeploymentId id;
  id.ulid.bytes[15] = number;
  return id;
}

schema::Deployment make_deployment(std::uint8_t number) {
  schema::Deployment deployment;
  deployment.id = deployment_id(number);
  deployment.uri = "http://dp" + std::to_string(number) + ":9080/";
  deployment.services = {revision("Greeter", wire::ServiceType::kService,
                                  {handler("greet", wire::HandlerType::kPlain)}),
                         revision("Counter", wire::ServiceType::kVirtualObject,
                                  {handler("add", wire::HandlerType::kExclusive),
                                   handler("get", wire::HandlerType::kShared)}),
                         revision("Signup", wire::ServiceType::kWorkflow,
                                  {handler("run", wire::HandlerType::kWorkflow),
                                   handler("click", wire::HandlerType::kShared)})};
  for (auto& service : deployment.services) {
    service.revision = number;
    service.deployment = deployment.id;
  }
  return deployment;
}

}  // namespace

Stage::Stage(std::uint32_t slots, std::uint64_t seed)
    : world(::restate::testing::Seed{seed}),
      slots_(slots),
      exchanges_(std::make_unique<Exchanges>()) {
  exchanges_->stage_log = &log_;
  exchanges_->world = &world;
  exchanges_->name_of = [this](const InvocationId& id) { return name_of(id); };
  draft_.deployments.emplace(deployment_id(1), make_deployment(1));
  schema_ = schema::snapshot(draft_);
  Shard& shard = world.shard(0);
  limits_ = std::make_unique<SharedLimits>(slots, std::vector<Shard*>{&shard});
  invoker_ = std::make_unique<Invoker>(shard, *exchanges_, options_, *limits_, *this);
}

Stage::~Stage() { invoker_.reset(); }

void Stage::limit_memory(InvocationMemory memory, std::optional<std::size_t> per_invocation,
                         std::size_t queued) {
  Shard& shard = world.shard(0);
  invoker_.reset();
  options_.per_invocation_memory = per_invocation;
  options_.queued_journal_bytes = queued;
  limits_ = std::make_unique<SharedLimits>(slots_, std::vector<Shard*>{&shard}, memory);
  invoker_ = std::make_unique<Invoker>(shard, *exchanges_, options_, *limits_, *this);
}

std::size_t Stage::open_exchanges() const { return exchanges_->streams.size(); }

Row& Stage::row(const std::string& name) {
  const auto found = rows_.find(name);
  RESTATE_ASSERT(found != rows_.end(), ("no invocation " + name).c_str());
  return found->second;
}

std::string Stage::name_of(const InvocationId& id) const {
  for (const auto& [name, row] : rows_) {
    if (row.id == id) return name;
  }
  return "unknown";
}

void Stage::run(std::string_view script) {
  while (!script.empty()) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    std::string_view line = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (line.empty() || line.front() == '#') continue;
    run_line(line);
    settle();
  }
}

void Stage::settle() {
  // What is posted runs a few microseconds later; applying posts more.
  do {
    world.run_for(microseconds(100));
    if (!hold_) apply_all();
  } while (!hold_ && !pending_.empty());
}

void Stage::run_line(std::string_view line) {
  std::vector<std::string> words = split(line);
  const std::string command = words[0];
  const std::string name = words.size() > 1 ? words[1] : std::string();
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };

  if (command == "invoke") {
    // invoke a Counter/k/add "input"
    Row& row = rows_[name];
    row = Row{};
    std::vector<std::string> path;
    std::string rest = word(2);
    for (std::size_t slash; (slash = rest.find('/')) != std::string::npos;
         rest.erase(0, slash + 1)) {
      path.push_back(rest.substr(0, slash));
    }
    path.push_back(rest);
    const auto target = schema::resolve_target(
        *schema_, path.front(), path.size() > 2 ? path[1] : "", path.back(), std::nullopt);
    RESTATE_ASSERT(target.has_value(), "no such target");
    row.target = *target;
    row.id.key = key_of(row.target.key);
    std::copy_n(name.begin(), std::min<std::size_t>(name.size(), 16), row.id.uuid.bytes.begin());
    row.modified_at = world.shard(0).wall_now();
    // `*300000` stands for that many bytes.
    if (word(3)[0] == '*') words[3] = std::string(number(word(3).substr(1)), 'x');
    wire::JournalEntry input;
    input.body = wire::encode_entry(wire::EntryType::kInput,
                                    wire::InputEntry{{}, Bytes(std::string_view(word(3)))});
    row.journal.push_back(input);
    row.commands = 1;
    invoke(name);
  } else if (command == "head") {
    auto& stream = exchanges_->find(name);
    stream.head_sent = true;
    const std::string type = protocol::invocation_content_type(stream.protocol);
    protocol::ResponseHeadView head;
    head.status = static_cast<int>(number(word(2)));
    head.content_type = type;
    head.server = "sdk/1.0";
    for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
      if (words[i] == "content-type") head.content_type = words[i + 1];
      if (words[i] == "retry-after") head.retry_after = words[i + 1];
    }
    stream.listener.on_head(head);
  } else if (command == "recv") {
    words.erase(words.begin(), words.begin() + 2);
    receive(name, std::move(words));
  } else if (command == "end") {
    auto& stream = exchanges_->find(name);
    stream.ended = true;
    stream.listener.on_end();
  } else if (command == "break") {
    auto& stream = exchanges_->find(name);
    stream.ended = true;
    stream.listener.on_error({{Code::kUnavailable, word(2)}, {}});
  } else if (command == "refuse") {
    auto& stream = exchanges_->find(name);
    stream.ended = true;
    stream.listener.on_error({{Code::kUnavailable, word(2)}, {}, true});
  } else if (command == "stuck") {
    exchanges_->open_stuck = word(1) == "on";
  } else if (command == "unstuck") {
    exchanges_->find(name).stuck = false;
  } else if (command == "drained") {
    auto& stream = exchanges_->find(name);
    stream.stuck = false;
    stream.listener.on_drained();
  } else if (command == "hold") {
    hold_ = true;
  } else if (command == "apply") {
    apply_all();
  } else if (command == "release") {
    hold_ = false;
    apply_all();
  } else if (command == "broken-reads") {
    fail_reads_ = word(1) == "on";
  } else if (command == "sleep-over") {
    append(name,
           {wire::EntryType::kSleepCompletion, wire::CompletionId{number(word(2))}, wire::Void{}});
  } else if (command == "signal") {
    append(name, {wire::EntryType::kSignalNotification, wire::SignalIndex{number(word(2))},
                  wire::Void{}});
  } else if (command == "advance") {
    world.run_for(milliseconds(number(word(1))));
  } else if (command == "pause") {
    invoker_->pause(row(name).id);
  } else if (command == "retry-now") {
    invoker_->retry_now(row(name).id);
  } else if (command == "abort") {
    invoker_->abort(row(name).id);
  } else if (command == "abort-all") {
    invoker_->abort_all();
  } else if (command == "resume") {
    invoke(name);
  } else if (command == "late-ack") {
    invoker_->ack_command(row(name).id, number(word(2)), true);
  } else if (command == "complete-elsewhere") {
    row(name).status = Row::Status::kCompleted;
  } else if (command == "status") {
    show_status(name);
  } else if (command == "state") {
    state_[word(1)] = Bytes(std::string_view(word(2)));
  } else if (command == "big-state") {
    state_[word(1)] = Bytes(std::string(number(word(2)), 'x'));
  } else {
    change_schema(words);
  }
}

void Stage::change_schema(const std::vector<std::string>& words) {
  const auto id = deployment_id(static_cast<std::uint8_t>(number(words[1])));
  if (words[0] == "deployment") {
    draft_.deployments.emplace(id, make_deployment(id.ulid.bytes[15]));
  } else if (words[0] == "drop-deployment") {
    draft_.deployments.erase(id);
  } else if (words[0] == "protocol") {
    draft_.deployments.at(id).min_protocol = std::stoi(words[2]);
    draft_.deployments.at(id).max_protocol = std::stoi(words[3]);
  } else if (words[0] == "request-response") {
    draft_.deployments.at(id).protocol_type = schema::ProtocolType::kRequestResponse;
  } else if (words[0] == "option") {
    for (auto& service : draft_.deployments.at(id).services) {
      schema::Options& options = service.options;
      const std::uint64_t value = std::stoull(words[3]);
      if (words[2] == "inactivity-timeout") options.inactivity_timeout_ms = value;
      if (words[2] == "abort-timeout") options.abort_timeout_ms = value;
      if (words[2] == "max-attempts") options.retry_max_attempts = value;
      if (words[2] == "initial-interval") options.retry_initial_ms = value;
      if (words[2] == "kill") options.retry_kill = value != 0;
      if (words[2] == "lazy-state") options.enable_lazy_state = value != 0;
    }
  } else if (words[0] == "server") {
    options_.protocol_v7 = words[2] == "v7";
    invoker_ = std::make_unique<Invoker>(world.shard(0), *exchanges_, options_, *limits_, *this);
  } else {
    RESTATE_ASSERT(false, ("no such command: " + words[0]).c_str());
  }
  ++draft_.version;
  schema_ = schema::snapshot(draft_);
}

void Stage::receive(const std::string& name, std::vector<std::string> words) {
  auto& stream = exchanges_->find(name);
  if (!stream.head_sent) run_line("head " + name + " 200");
  // Several messages, separated by `+`, arrive in one piece.
  std::string piece;
  std::vector<std::string> one;
  words.push_back("+");
  for (std::string& word : words) {
    if (word != "+") {
      one.push_back(std::move(word));
      continue;
    }
    piece += message(one, stream.protocol).view();
    one.clear();
  }
  stream.listener.on_data(Bytes(std::move(piece)));
}

void Stage::invoke(const std::string& name) {
  Row& r = row(name);
  r.status = Row::Status::kInvoked;
  r.token = next_token_++;
  const bool first = r.journal.size() == 1;
  invoker_->invoke(r.id, r.token, r.target, first ? r.journal : std::vector<wire::JournalEntry>{});
}

void Stage::append(const std::string& name, wire::JournalEntry entry) {
  Row& r = row(name);
  entry.appended_at = world.shard(0).wall_now();
  r.modified_at = entry.appended_at;
  r.journal.push_back(std::move(entry));
}

void Stage::append(const std::string& name, const wire::Notification& notification) {
  Row& r = row(name);
  wire::JournalEntry entry;
  entry.type = notification.type;
  entry.body = wire::encode_notification(notification);
  const auto index = static_cast<std::uint32_t>(r.journal.size());
  const Bytes body = entry.body;
  append(name, std::move(entry));
  if (r.status == Row::Status::kInvoked) {
    invoker_->notify(r.id, index, notification.type, notification.id, body);
  } else if (r.status == Row::Status::kSuspended &&
             std::count(r.awaiting.leaves.begin(), r.awaiting.leaves.end(), notification.id) > 0) {
    log_.line(name + " resumed");
    invoke(name);
  }
}

Result<void> Stage::on_effect(const InvocationId& invocation, std::uint32_t token,
                              wire::Effect effect) {
  const std::string name = name_of(invocation);
  log_.line(name + " > " + show(effect));
  pending_.push_back({name, token, std::move(effect)});
  return {};
}

void Stage::apply_all() {
  while (!pending_.empty()) {
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    apply(std::move(next));
  }
}

void Stage::apply(Pending pending) {
  const std::string& name = pending.name;
  Row& r = row(name);
  if (r.status != Row::Status::kInvoked || r.token != pending.token) {
    log_.line(name + " stale effect dropped: " + show(pending.effect));
    return;
  }
  if (const auto* pinned = std::get_if<wire::Pinned>(&pending.effect)) {
    r.pinned = pinned->deployment;
  } else if (auto* fresh = std::get_if<wire::NewEntry>(&pending.effect)) {
    if (wire::is_notification(fresh->type)) {
      const auto content = wire::decode_entry(fresh->type, fresh->body);
      append(name, std::get<wire::Notification>(*content));
      return;
    }
    wire::JournalEntry entry;
    entry.type = fresh->type;
    entry.body = fresh->body;
    entry.call = fresh->call;
    append(name, std::move(entry));
    ++r.commands;
    const auto content = wire::decode_entry(fresh->type, fresh->body);
    if (const auto* set = std::get_if<wire::SetStateEntry>(&*content)) {
      state_[set->key.str()] = set->value;
    } else if (const auto* get = std::get_if<wire::GetLazyStateEntry>(&*content)) {
      wire::Notification done{wire::EntryType::kGetLazyStateCompletion, get->completion,
                              wire::Void{}};
      const auto found = state_.find(get->key.str());
      if (found != state_.end()) done.result = found->second;
      append(name, done);
    } else if (const auto* call = std::get_if<wire::CallEntry>(&*content)) {
      append(name, {wire::EntryType::kCallInvocationIdCompletion, call->invocation_id_completion,
                    fresh->call->callee});
    }
    if (fresh->command_to_ack) {
      invoker_->ack_command(r.id, *fresh->command_to_ack, fresh->ack_requested);
    }
  } else if (auto* suspended = std::get_if<wire::Suspended>(&pending.effect)) {
    r.awaiting = suspended->awaiting;
    r.status = Row::Status::kSuspended;
    for (const wire::JournalEntry& entry : r.journal) {
      if (wire::is_command(entry.type)) continue;
      const auto content = wire::decode_entry(entry.type, entry.body);
      const auto& id = std::get<wire::Notification>(*content).id;
      if (std::count(r.awaiting.leaves.begin(), r.awaiting.leaves.end(), id) > 0) {
        log_.line(name + " resumed at once");
        return invoke(name);
      }
    }
  } else if (std::holds_alternative<wire::Paused>(pending.effect)) {
    r.status = Row::Status::kPaused;
  } else if (std::holds_alternative<wire::Ended>(pending.effect) ||
             std::holds_alternative<wire::Failed>(pending.effect)) {
    r.status = Row::Status::kCompleted;
  }
}

void Stage::show_status(const std::string& name) {
  const auto status = invoker_->status(row(name).id);
  if (!status) return log_.line(name + " is not here");
  std::string line = name + (status->in_flight ? " running" : " not running") + ", attempts " +
                     std::to_string(status->retry_count);
  if (status->next_retry_at) line += ", backing off";
  if (status->last_attempt_deployment)
    line += ", " + deployment_name(*status->last_attempt_deployment);
  if (status->last_attempt_server) line += " " + *status->last_attempt_server;
  if (status->awaiting_on)
    line += ", awaiting " + std::to_string(status->awaiting_on->leaves.size());
  if (status->last_failure) {
    line += ", failure " + status->last_failure->error_code + " " + status->last_failure->message;
    if (status->last_failure->related_command_type)
      line += " of " + *status->last_failure->related_command_type;
  }
  log_.line(line);
}

Result<InvocationInput> Stage::read_invocation(const InvocationId& invocation) {
  if (fail_reads_) return Error{Code::kUnavailable, "the disk is slow"};
  const Row& r = row(name_of(invocation));
  if (r.status != Row::Status::kInvoked) return Error{Code::kFailedPrecondition, "not invoked"};
  InvocationInput input;
  input.target = r.target;
  input.pinned = r.pinned;
  input.journal_length = static_cast<std::uint32_t>(r.journal.size());
  input.created_at = r.journal.front().appended_at;
  input.modified_at = r.modified_at;
  input.random_seed = seed_of(invocation);
  return input;
}

Result<void> Stage::read_journal(const InvocationId& invocation, std::uint32_t from,
                                 std::uint32_t to, std::size_t max_bytes, JournalReader& reader) {
  ++journal_reads;
  const Row& r = row(name_of(invocation));
  std::size_t bytes = 0;
  for (std::uint32_t i = from; i < to && i < r.journal.size(); ++i) {
    bytes += r.journal[i].body.size();
    if (i > from && bytes > max_bytes) break;
    if (!reader.entry(r.journal[i].type, r.journal[i].body.view())) break;
  }
  return {};
}

Result<StateInput> Stage::read_state(const wire::InvocationTarget&, PartitionKey,
                                     std::size_t max_bytes) {
  StateInput input;
  std::size_t bytes = 0;
  for (const auto& [key, value] : state_) {
    bytes += key.size() + value.size();
    if (bytes > max_bytes) {
      input.partial = true;
      break;
    }
    input.entries.emplace_back(Bytes(std::string_view(key)), value);
  }
  return input;
}

}  // namespace restate::invoker::testing
