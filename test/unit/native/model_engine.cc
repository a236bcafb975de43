#include "unit/native/model_engine.h"

#include "support/catch.h"

#include <algorithm>

namespace restate::native::testing {
namespace {

using protocol::ControlType;
using wire::EntryType;

std::string show(const Bytes& value) { return "'" + value.str() + "'"; }

std::string show(const wire::Failure& failure) {
  return "failure " + std::to_string(failure.code) + " '" + failure.message + "'";
}

std::string show(const wire::InvocationResult& result) {
  return std::visit([](const auto& r) { return show(r); }, result);
}

std::string show(const wire::NotificationId& id) {
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) return "#" + std::to_string(completion->value);
  if (const auto* index = std::get_if<wire::SignalIndex>(&id)) return "signal " + std::to_string(index->value);
  return "signal " + std::get<wire::SignalName>(id).value;
}

std::string show(const wire::AwaitTree& tree) {
  constexpr const char* kNames[] = {"unknown", "first", "all", "first-succeeded", "all-succeeded"};
  std::string text = kNames[static_cast<int>(tree.combinator)];
  text += "(";
  const char* separator = "";
  for (const auto& leaf : tree.leaves) {
    text += separator + show(leaf);
    separator = ", ";
  }
  for (const auto& nested : tree.nested) {
    text += separator + show(nested);
    separator = ", ";
  }
  return text + ")";
}

std::string show(const wire::NotificationResult& result) {
  if (std::holds_alternative<wire::Void>(result)) return "void";
  if (const auto* value = std::get_if<Bytes>(&result)) return show(*value);
  if (const auto* failure = std::get_if<wire::Failure>(&result)) return show(*failure);
  if (std::holds_alternative<InvocationId>(result)) return "an id";
  std::string text = "keys";
  for (const Bytes& key : std::get<wire::StateKeys>(result).keys) text += " " + show(key);
  return text;
}

std::string show(wire::CompletionId id) { return "#" + std::to_string(id.value); }

struct Describe {
  std::string operator()(const wire::InputEntry& e) { return show(e.value); }
  std::string operator()(const wire::OutputEntry& e) { return show(e.result); }
  std::string operator()(const wire::GetLazyStateEntry& e) { return show(e.key) + " " + show(e.completion); }
  std::string operator()(const wire::SetStateEntry& e) { return show(e.key) + " = " + show(e.value); }
  std::string operator()(const wire::ClearStateEntry& e) { return show(e.key); }
  std::string operator()(const wire::ClearAllStateEntry&) { return ""; }
  std::string operator()(const wire::GetLazyStateKeysEntry& e) { return show(e.completion); }
  std::string operator()(const wire::GetEagerStateEntry& e) {
    return show(e.key) + " = " + (e.value ? show(*e.value) : "void");
  }
  std::string operator()(const wire::GetEagerStateKeysEntry& e) {
    return show(wire::NotificationResult(e.keys));
  }
  std::string operator()(const wire::GetPromiseEntry& e) { return e.key + " " + show(e.completion); }
  std::string operator()(const wire::PeekPromiseEntry& e) { return e.key + " " + show(e.completion); }
  std::string operator()(const wire::CompletePromiseEntry& e) {
    return e.key + " = " + show(e.value) + " " + show(e.completion);
  }
  std::string operator()(const wire::SleepEntry& e) { return show(e.completion); }
  std::string operator()(const wire::CallEntry& e) {
    return e.request.service + "/" + e.request.handler + " " + show(e.request.parameter) + " " +
           show(e.invocation_id_completion) + " " + show(e.completion);
  }
  std::string operator()(const wire::OneWayCallEntry& e) {
    return e.request.service + "/" + e.request.handler + " " + show(e.request.parameter) +
           (e.invoke_time.ms == 0 ? " now " : " later ") + show(e.invocation_id_completion);
  }
  std::string operator()(const wire::SendSignalEntry& e) {
    wire::NotificationId id;
    std::visit([&](const auto& s) { id = s; }, e.signal);
    return show(id);
  }
  std::string operator()(const wire::RunEntry& e) { return show(e.completion); }
  std::string operator()(const wire::AttachInvocationEntry& e) { return show(e.completion); }
  std::string operator()(const wire::GetInvocationOutputEntry& e) { return show(e.completion); }
  std::string operator()(const wire::CompleteAwakeableEntry& e) { return show(e.result); }
  std::string operator()(const wire::Notification& n) { return show(n.id) + " " + show(n.result); }
};

std::string describe_control(std::uint16_t type, const Bytes& body, std::uint16_t protocol) {
  switch (static_cast<ControlType>(type)) {
    case ControlType::kStart: {
      const auto start = protocol::decode_start(body);
      REQUIRE(start);
      std::string text = "Start " + std::to_string(start->known_entries);
      for (const auto& [key, value] : start->state) text += " " + show(key) + "=" + show(value);
      return text + (start->partial_state ? " partial" : "");
    }
    case ControlType::kSuspension: {
      const auto message = protocol::decode_suspension(body, protocol, 1000);
      REQUIRE(std::holds_alternative<protocol::Suspension>(message));
      return "Suspension " + show(std::get<protocol::Suspension>(message).awaiting);
    }
    case ControlType::kError: {
      const auto message = std::get<protocol::ErrorMessage>(protocol::decode_error(body));
      return "Error " + std::to_string(message.code) +
             (message.related_command_index
                  ? " at " + std::to_string(*message.related_command_index)
                  : "") +
             (message.next_retry_delay_ms ? " again in " + std::to_string(*message.next_retry_delay_ms)
                                          : "") +
             (message.behavior == protocol::ErrorMessage::Behavior::kPause ? " pause" : "");
    }
    case ControlType::kProposeRunCompletion: {
      const auto message =
          std::get<protocol::ProposeRunCompletion>(protocol::decode_propose_run_completion(body));
      return "Propose " + show(message.completion) + " " + show(message.result);
    }
    case ControlType::kProposeRunCompletionAck:
      return "ProposeAck #" + std::to_string(std::get<std::uint32_t>(protocol::decode_ack(body)));
    case ControlType::kAwaitingOn: {
      const auto message = protocol::decode_awaiting_on(body, 1000);
      REQUIRE(std::holds_alternative<protocol::AwaitingOn>(message));
      return "AwaitingOn " + show(std::get<protocol::AwaitingOn>(message).awaiting);
    }
    case ControlType::kEnd:
    case ControlType::kCommandAck: break;
  }
  std::string name = protocol::message_name(type);
  return name.substr(0, name.size() - 7);
}

}  // namespace

std::string describe_frame(std::uint16_t type, const Bytes& body, std::uint16_t protocol) {
  if (!wire::is_known_entry(type)) return describe_control(type, body, protocol);
  const auto entry = static_cast<EntryType>(type);
  const auto content = wire::decode_entry(entry, body);
  REQUIRE(content);
  std::string name(wire::entry_type_name(entry));
  name = name.substr(name.find(' ') + 1);
  if (wire::is_notification(entry) && entry != EntryType::kSignalNotification) name += " done";
  std::string text = name + " " + std::visit(Describe{}, *content);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (const std::string label = wire::entry_name(entry, body); !label.empty()) text += " \"" + label + "\"";
  return text;
}

ModelEngine::ModelEngine() {
  id = *InvocationId::parse("inv_1i8xrkNaRdwU2NfSp0vdjSGENvDCIBxeMI");
  callee = [](const wire::CallRequest& request) { return "re:" + request.parameter; };
}

void ModelEngine::write(LogLevel level, std::string_view module, std::string_view message,
                        std::initializer_list<LogField> fields) {
  CHECK(module == "handler");
  std::string line = std::string(to_string(level)) + " " + std::string(message);
  for (const LogField& field : fields) line += " " + std::string(field.key) + "=" + field.value;
  logged.push_back(std::move(line));
}

void ModelEngine::show(const char* direction, std::uint16_t type, const Bytes& body) {
  ++frames;
  transcript += std::string(direction) + " " + describe_frame(type, body, protocol) + "\n";
}

void ModelEngine::notify(wire::Notification notification) {
  const Bytes body = wire::encode_notification(notification);
  const auto type = static_cast<std::uint16_t>(notification.type);
  journal.push_back({type, body});
  if (!running_ || input_closed_) return;
  ByteChain chain;
  protocol::append_frame(chain, type, body);
  show("S>E", type, body);
  inbox_.push_back({HandlerEvent::Kind::kData, Bytes(join(chain))});
}

void ModelEngine::signal(wire::SignalIndex index, wire::NotificationResult result) {
  notify({EntryType::kSignalNotification, index, std::move(result)});
}

bool ModelEngine::has_completion(std::uint32_t completion) const {
  return std::any_of(journal.begin(), journal.end(), [&](const Entry& entry) {
    const auto type = static_cast<EntryType>(entry.type);
    if (!wire::is_notification(type)) return false;
    const auto content = wire::decode_entry(type, entry.body);
    return std::get<wire::Notification>(*content).id == wire::NotificationId(wire::CompletionId{completion});
  });
}

void ModelEngine::complete(EntryType type, wire::CompletionId completion,
                           wire::NotificationResult answer) {
  // What is asked for the first time cannot be answered yet.
  if (!settling_ || !has_completion(completion.value)) notify({type, completion, std::move(answer)});
}

void ModelEngine::answer(EntryType type, const wire::EntryContent& content) {
  if (const auto* call = std::get_if<wire::CallEntry>(&content)) {
    complete(EntryType::kCallInvocationIdCompletion, call->invocation_id_completion, this->id);
    if (!answers) return;
    auto result = callee(call->request);
    if (auto* value = std::get_if<Bytes>(&result)) {
      complete(EntryType::kCallCompletion, call->completion, *value);
    } else {
      complete(EntryType::kCallCompletion, call->completion, std::get<wire::Failure>(result));
    }
  }
  if (const auto* call = std::get_if<wire::OneWayCallEntry>(&content)) {
    complete(EntryType::kCallInvocationIdCompletion, call->invocation_id_completion, this->id);
  }
  if (const auto* lazy = std::get_if<wire::GetLazyStateEntry>(&content)) {
    const auto found = state.find(lazy->key);
    if (found == state.end()) {
      complete(EntryType::kGetLazyStateCompletion, lazy->completion, wire::Void{});
    } else {
      complete(EntryType::kGetLazyStateCompletion, lazy->completion, found->second);
    }
  }
  if (const auto* lazy = std::get_if<wire::GetLazyStateKeysEntry>(&content)) {
    wire::StateKeys keys;
    for (const auto& [name, value] : state) keys.keys.push_back(name);
    complete(EntryType::kGetLazyStateKeysCompletion, lazy->completion, keys);
  }
  if (!answers) return;
  switch (type) {
    case EntryType::kSleep:
      complete(EntryType::kSleepCompletion, std::get<wire::SleepEntry>(content).completion, wire::Void{});
      break;
    case EntryType::kGetPromise:
      complete(EntryType::kGetPromiseCompletion, std::get<wire::GetPromiseEntry>(content).completion,
               Bytes("promised"));
      break;
    case EntryType::kPeekPromise:
      complete(EntryType::kPeekPromiseCompletion, std::get<wire::PeekPromiseEntry>(content).completion,
               wire::Void{});
      break;
    case EntryType::kCompletePromise:
      complete(EntryType::kCompletePromiseCompletion,
               std::get<wire::CompletePromiseEntry>(content).completion, wire::Void{});
      break;
    case EntryType::kAttachInvocation:
      complete(EntryType::kAttachInvocationCompletion,
               std::get<wire::AttachInvocationEntry>(content).completion, Bytes("attached"));
      break;
    case EntryType::kGetInvocationOutput:
      complete(EntryType::kGetInvocationOutputCompletion,
               std::get<wire::GetInvocationOutputEntry>(content).completion, wire::Void{});
      break;
    default: break;
  }
}

void ModelEngine::settle() {
  const std::vector<Entry> before = journal;
  settling_ = true;
  for (const Entry& entry : before) {
    const auto type = static_cast<EntryType>(entry.type);
    if (wire::is_command(type)) answer(type, *wire::decode_entry(type, entry.body));
  }
  settling_ = false;
}

void ModelEngine::on_command(EntryType type, const Bytes& body) {
  const auto content = wire::decode_entry(type, body);
  REQUIRE(content);
  journal.push_back({static_cast<std::uint16_t>(type), body});
  if (const auto* set = std::get_if<wire::SetStateEntry>(&*content)) state[set->key] = set->value;
  if (const auto* clear = std::get_if<wire::ClearStateEntry>(&*content)) state.erase(clear->key);
  if (type == EntryType::kClearAllState) state.clear();
  if (const auto* signal = std::get_if<wire::SendSignalEntry>(&*content)) signals_sent.push_back(*signal);
  answer(type, *content);
}

void ModelEngine::on_frame(const protocol::Frame& frame) {
  show("E>S", frame.type, frame.payload);
  REQUIRE(outcome_.kind == Outcome::Kind::kSilent);  // nothing after a terminator
  if (wire::is_known_entry(frame.type)) {
    return on_command(static_cast<EntryType>(frame.type), frame.payload);
  }
  switch (static_cast<ControlType>(frame.type)) {
    case ControlType::kEnd: outcome_.kind = Outcome::Kind::kEnded; return;
    case ControlType::kSuspension:
      outcome_.kind = Outcome::Kind::kSuspended;
      outcome_.awaiting = std::get<protocol::Suspension>(
                              protocol::decode_suspension(frame.payload, protocol, 1000)).awaiting;
      return;
    case ControlType::kError:
      outcome_.kind = Outcome::Kind::kFailed;
      outcome_.error = std::get<protocol::ErrorMessage>(protocol::decode_error(frame.payload));
      return;
    case ControlType::kProposeRunCompletion: {
      auto proposal = std::get<protocol::ProposeRunCompletion>(
          protocol::decode_propose_run_completion(frame.payload));
      const auto completion = proposal.completion;
      auto notification = protocol::run_completion(std::move(proposal));
      if (protocol < 7) return notify(std::move(notification));
      REQUIRE(frame.ack_requested);
      journal.push_back({static_cast<std::uint16_t>(notification.type),
                         wire::encode_notification(notification)});
      if (input_closed_) return;
      ByteChain chain;
      protocol::append_frame(chain, ControlType::kProposeRunCompletionAck,
                             protocol::encode_ack(completion.value));
      show("S>E", 0x0007, protocol::encode_ack(completion.value));
      inbox_.push_back({HandlerEvent::Kind::kData, Bytes(join(chain))});
      return;
    }
    case ControlType::kAwaitingOn: {
      REQUIRE(protocol >= 7);
      const auto message = protocol::decode_awaiting_on(frame.payload, 1000);
      REQUIRE(std::holds_alternative<protocol::AwaitingOn>(message));
      announced.push_back(std::get<protocol::AwaitingOn>(message).awaiting);
      return;
    }
    default: FAIL("unexpected " << protocol::message_name(frame.type));
  }
}

void ModelEngine::write(ByteChain chain, bool) {
  for (Bytes& piece : chain) from_handler_->feed(std::move(piece));
  protocol::Frame frame;
  while (from_handler_->next(frame) == protocol::FrameDecoder::Step::kFrame) on_frame(frame);
}

std::optional<HandlerEvent> ModelEngine::try_take() {
  if (inbox_.empty() || one_at_a_time) return std::nullopt;
  return pop();
}

HandlerEvent ModelEngine::pop() {
  HandlerEvent event = std::move(inbox_.front());
  inbox_.pop_front();
  return event;
}

HandlerEvent ModelEngine::take() {
  if (patience == Patience::kPressed && earned_) {
    input_closed_ = true;  // what comes now is for the next attempt
    inbox_.clear();
    return {HandlerEvent::Kind::kEvict, {}};
  }
  if (patience == Patience::kCrowded && !inbox_.empty()) return {HandlerEvent::Kind::kEvict, {}};
  if (!inbox_.empty()) return pop();
  // The handler waits and we have nothing to say.
  input_closed_ = true;
  transcript += "S>E closed\n";
  return {HandlerEvent::Kind::kInputEnd, {}};
}

Outcome ModelEngine::attempt(const HandlerFunction& handler) {
  if (journal.empty()) {
    journal.push_back({static_cast<std::uint16_t>(EntryType::kInput),
                       wire::encode_entry(EntryType::kInput, wire::InputEntry{{{"h", "v"}}, input})});
  }
  protocol::StartMessage start;
  start.id = id;
  start.key = key;
  start.known_entries = static_cast<std::uint32_t>(journal.size());
  start.partial_state = lazy_state || key.empty();
  if (!start.partial_state) start.state.assign(state.begin(), state.end());
  start.random_seed = seed;
  start.retry_count_since_last_stored_entry = retry_count;
  start.duration_since_last_stored_entry_ms = elapsed_ms;

  ByteChain chain;
  protocol::append_frame(chain, ControlType::kStart, encode(start));
  show("S>E", 0x0000, encode(start));
  for (const Entry& entry : journal) {
    protocol::append_frame(chain, entry.type, entry.body);
    show("S>E", entry.type, entry.body);
  }
  inbox_.clear();
  from_handler_ = std::make_unique<protocol::FrameDecoder>(1 << 24);
  outcome_ = {};
  running_ = true;
  input_closed_ = false;
  Vm vm(protocol);
  for (Bytes& piece : chain) vm.feed(std::move(piece));
  REQUIRE(vm.ready());
  if (patience == Patience::kReplay) {
    input_closed_ = true;
    transcript += "S>E closed\n";
    vm.close_input();
  }
  HandlerSession(vm, *this, *this, {service_name, handler_name, attempt_headers}).run(handler);
  running_ = false;
  return outcome_;
}

Outcome ModelEngine::run(const HandlerFunction& handler, int max_attempts) {
  for (int i = 0; i < max_attempts; ++i) {
    const std::size_t before = journal.size();
    const Outcome outcome = attempt(handler);
    if (outcome.kind != Outcome::Kind::kSuspended) return outcome;
    if (journal.size() == before) return outcome;
  }
  FAIL("the invocation does not come to an end");
  return {};
}

std::optional<wire::InvocationResult> ModelEngine::result() const {
  for (auto entry = journal.rbegin(); entry != journal.rend(); ++entry) {
    if (entry->type != static_cast<std::uint16_t>(EntryType::kOutput)) continue;
    return std::get<wire::OutputEntry>(*wire::decode_entry(EntryType::kOutput, entry->body)).result;
  }
  return {};
}

}  // namespace restate::native::testing
