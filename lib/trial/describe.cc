#include "trial/describe.h"

#include "common/utf8.h"
#include "protocol/control.h"
#include "protocol/frame.h"
#include "protocol/start_message.h"
#include "wire/entry.h"

#include <type_traits>
#include <variant>

namespace restate::testing {
namespace {

using protocol::ControlType;
using wire::EntryType;

constexpr std::size_t kLongestShown = 60;
constexpr std::size_t kDeepestShown = 1000;

std::string words(const wire::Failure& failure) {
  return "failure " + std::to_string(failure.code) + " " + quote(failure.message);
}
std::string words(const Bytes& value) { return quote(value.view()); }

std::string words(wire::CompletionId id, const CompletionNames& names) {
  const auto known = names.find(id.value);
  return known != names.end() ? known->second : "completion " + std::to_string(id.value);
}

std::string words(const wire::NotificationId& id, const CompletionNames& names) {
  if (const auto* completion = std::get_if<wire::CompletionId>(&id)) {
    return words(*completion, names);
  }
  if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    return *index == wire::kCancelSignal ? "cancel" : "signal " + std::to_string(index->value);
  }
  return "signal " + quote(std::get<wire::SignalName>(id).value);
}

std::string words(const wire::NotificationResult& result) {
  if (std::holds_alternative<wire::Void>(result)) return "";
  if (const auto* value = std::get_if<Bytes>(&result)) return " with " + words(*value);
  if (const auto* failure = std::get_if<wire::Failure>(&result)) return " with " + words(*failure);
  if (const auto* id = std::get_if<InvocationId>(&result)) return " with " + id->str();
  std::string text = " with keys";
  for (const Bytes& key : std::get<wire::StateKeys>(result).keys) text += " " + words(key);
  return text;
}

std::string words(const wire::CallRequest& request) {
  return request.service + (request.key.empty() ? "" : "/" + request.key) + "/" + request.handler +
         " " + words(request.parameter) +
         (request.idempotency_key ? " key " + quote(*request.idempotency_key) : "");
}

std::string reference(const wire::InvocationRef& ref) {
  if (const auto* id = std::get_if<std::string>(&ref)) return *id;
  if (const auto* workflow = std::get_if<wire::WorkflowRef>(&ref)) {
    return workflow->workflow + "/" + workflow->key;
  }
  const auto& idempotent = std::get<wire::IdempotentRef>(ref);
  return idempotent.service + "/" + idempotent.handler + " key " + quote(idempotent.idempotency_key);
}

std::string leaves_of(const wire::AwaitTree& tree, const CompletionNames& names) {
  std::string text;
  for (const auto& leaf : tree.leaves) text += (text.empty() ? "" : ", ") + words(leaf, names);
  for (const auto& nested : tree.nested) {
    text += (text.empty() ? "" : ", ") + leaves_of(nested, names);
  }
  return text;
}

/// What an entry says beside its name.
struct Arguments {
  const CompletionNames& names;

  std::string operator()(const wire::InputEntry& e) const { return words(e.value); }
  std::string operator()(const wire::OutputEntry& e) const { return describe(e.result); }
  std::string operator()(const wire::GetLazyStateEntry& e) const { return words(e.key); }
  std::string operator()(const wire::SetStateEntry& e) const {
    return words(e.key) + " = " + words(e.value);
  }
  std::string operator()(const wire::ClearStateEntry& e) const { return words(e.key); }
  std::string operator()(const wire::ClearAllStateEntry&) const { return {}; }
  std::string operator()(const wire::GetLazyStateKeysEntry&) const { return {}; }
  std::string operator()(const wire::GetEagerStateEntry& e) const {
    return words(e.key) + (e.value ? " = " + words(*e.value) : ", which is not set");
  }
  std::string operator()(const wire::GetEagerStateKeysEntry& e) const {
    return words(wire::NotificationResult(e.keys)).substr(1);
  }
  std::string operator()(const wire::GetPromiseEntry& e) const { return quote(e.key); }
  std::string operator()(const wire::PeekPromiseEntry& e) const { return quote(e.key); }
  std::string operator()(const wire::CompletePromiseEntry& e) const {
    return quote(e.key) + " = " + describe(e.value);
  }
  std::string operator()(const wire::SleepEntry&) const { return {}; }
  std::string operator()(const wire::CallEntry& e) const { return words(e.request); }
  std::string operator()(const wire::OneWayCallEntry& e) const {
    return words(e.request) + (e.invoke_time.ms == 0 ? "" : ", later");
  }
  std::string operator()(const wire::SendSignalEntry& e) const {
    wire::NotificationId id;
    std::visit([&](const auto& signal) { id = signal; }, e.signal);
    return words(id, names) + " to " + e.target;
  }
  std::string operator()(const wire::RunEntry&) const { return {}; }
  std::string operator()(const wire::AttachInvocationEntry& e) const { return reference(e.target); }
  std::string operator()(const wire::GetInvocationOutputEntry& e) const {
    return reference(e.target);
  }
  std::string operator()(const wire::CompleteAwakeableEntry& e) const {
    return e.id + " = " + describe(e.result);
  }
  std::string operator()(const wire::Notification& n) const {
    const bool signal = n.type == EntryType::kSignalNotification;
    return words(n.id, names) + (signal ? "" : " done") + words(n.result);
  }
};

/// `Run` of `Command: Run`.
std::string short_name_of(EntryType type) {
  const std::string_view name = wire::entry_type_name(type);
  const std::size_t colon = name.find(": ");
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 2));
}

std::string describe_entry(EntryType type, const Bytes& payload, const CompletionNames& names) {
  const auto content = wire::decode_entry(type, payload);
  if (content && wire::is_notification(type)) return Arguments{names}(std::get<wire::Notification>(*content));
  const std::string name = short_name_of(type);
  if (!content) return name + ", unreadable";
  std::string text = name;
  if (const std::string label = wire::entry_name(type, payload); !label.empty()) {
    text += " \"" + label + "\"";
  }
  const std::string arguments = std::visit(Arguments{names}, *content);
  return arguments.empty() ? text : text + " " + arguments;
}

std::string describe_control(std::uint16_t type, const Bytes& payload, std::uint16_t protocol,
                             const CompletionNames& names) {
  switch (static_cast<ControlType>(type)) {
    case ControlType::kStart: {
      const auto start = protocol::decode_start(payload);
      if (!start) break;
      return "a journal of " + std::to_string(start->known_entries) +
             (start->known_entries == 1 ? " entry" : " entries");
    }
    case ControlType::kSuspension: {
      const auto message = protocol::decode_suspension(payload, protocol, kDeepestShown);
      const auto* suspension = std::get_if<protocol::Suspension>(&message);
      if (suspension == nullptr) break;
      return "suspends until " + leaves_of(suspension->awaiting, names);
    }
    case ControlType::kError: {
      const auto message = protocol::decode_error(payload);
      const auto* error = std::get_if<protocol::ErrorMessage>(&message);
      if (error == nullptr) break;
      return "fails with " + std::to_string(error->code) + ": " + error->message;
    }
    case ControlType::kProposeRunCompletion: {
      const auto message = protocol::decode_propose_run_completion(payload);
      const auto* proposal = std::get_if<protocol::ProposeRunCompletion>(&message);
      if (proposal == nullptr) break;
      return words(proposal->completion, names) + " came to " + describe(proposal->result);
    }
    case ControlType::kEnd: return "ends";
    case ControlType::kCommandAck:
    case ControlType::kProposeRunCompletionAck:
    case ControlType::kAwaitingOn: break;
  }
  return protocol::message_name(type);
}

}  // namespace

std::string quote(std::string_view payload) {
  std::string text = "'";
  for (const char c : payload.substr(0, kLongestShown)) {
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '.' : c;
  }
  if (!is_utf8(payload)) return std::to_string(payload.size()) + " bytes";
  if (payload.size() <= kLongestShown) return text + "'";
  return text + "...' (" + std::to_string(payload.size()) + " bytes)";
}

std::string describe(const wire::InvocationResult& result) {
  return std::visit([](const auto& r) { return words(r); }, result);
}

void learn_names(EntryType type, const Bytes& payload, CompletionNames& names) {
  const auto content = wire::decode_entry(type, payload);
  if (!content) return;
  std::visit(
      [&]<class Entry>(const Entry& entry) {
        if constexpr (std::is_same_v<Entry, wire::CallEntry>) {
          const std::string callee = entry.request.service + "/" + entry.request.handler;
          names[entry.invocation_id_completion.value] = "id of " + callee;
          names[entry.completion.value] = callee;
        } else if constexpr (std::is_same_v<Entry, wire::OneWayCallEntry>) {
          names[entry.invocation_id_completion.value] =
              "id of " + entry.request.service + "/" + entry.request.handler;
        } else if constexpr (requires { entry.completion.value; }) {
          const std::string label = wire::entry_name(type, payload);
          names[entry.completion.value] =
              label.empty() ? short_name_of(type) : short_name_of(type) + " \"" + label + "\"";
        }
      },
      *content);
}

std::string describe_frame(std::uint16_t type, const Bytes& payload, std::uint16_t protocol,
                           const CompletionNames& names) {
  if (!wire::is_known_entry(type)) return describe_control(type, payload, protocol, names);
  return describe_entry(static_cast<EntryType>(type), payload, names);
}

}  // namespace restate::testing
