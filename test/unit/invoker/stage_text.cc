#include "unit/invoker/stage_text.h"

#include "protocol/control.h"
#include "protocol/start_message.h"
#include "wire/entry.h"

#include <variant>

namespace restate::invoker::testing {

namespace {

template <class... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};

std::string show_failure(const wire::Failure& failure) {
  return "failure " + std::to_string(failure.code) + " " + quoted(failure.message);
}

std::string show_result(const wire::InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) return quoted(value->view());
  return show_failure(std::get<wire::Failure>(result));
}

std::string show_notification(const wire::Notification& notification) {
  return show(notification.id) + " " +
         std::visit(Overload{[](const wire::Void&) -> std::string { return "void"; },
                             [](const Bytes& value) { return quoted(value.view()); },
                             [](const wire::Failure& failure) { return show_failure(failure); },
                             [](const InvocationId&) -> std::string { return "an id"; },
                             [](const wire::StateKeys& keys) {
                               std::string out = "keys";
                               for (const Bytes& key : keys.keys) out += " " + quoted(key.view());
                               return out;
                             }},
                    notification.result);
}

std::string shorten(std::string_view text) {
  if (text.size() <= 60) return std::string(text);
  return std::string(text.substr(0, 20)) + "...(" + std::to_string(text.size()) + " bytes)";
}

std::string show_entry(wire::EntryType type, const Bytes& body) {
  std::string name(wire::entry_type_name(type));
  if (wire::is_command(type)) name.erase(0, std::string_view("Command: ").size());
  const auto content = wire::decode_entry(type, body);
  if (!content) return name + " undecodable";
  const std::string details = std::visit(
      Overload{[](const wire::InputEntry& entry) { return quoted(shorten(entry.value.view())); },
               [](const wire::OutputEntry& entry) { return show_result(entry.result); },
               [](const wire::SetStateEntry& entry) {
                 return quoted(entry.key.view()) + " " + quoted(shorten(entry.value.view()));
               },
               [](const wire::SleepEntry& entry) { return std::to_string(entry.completion.value); },
               [](const wire::RunEntry& entry) { return std::to_string(entry.completion.value); },
               [](const wire::CallEntry& entry) {
                 return entry.request.service + "/" + entry.request.handler;
               },
               [](const wire::OneWayCallEntry& entry) {
                 return entry.request.service + "/" + entry.request.handler;
               },
               [](const wire::Notification& entry) { return show_notification(entry); },
               [](const auto&) { return std::string(); }},
      *content);
  return details.empty() ? name : name + " " + details;
}

std::string show_await(const wire::AwaitTree& tree) {
  std::string out = "combinator " + std::to_string(static_cast<int>(tree.combinator)) + " of";
  for (const auto& leaf : tree.leaves) out += " " + show(leaf) + ",";
  for (const auto& nested : tree.nested) out += " (" + show_await(nested) + "),";
  out.pop_back();
  return out;
}

}  // namespace

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string deployment_name(const DeploymentId& id) {
  return "dp" + std::to_string(id.ulid.bytes[15]);
}

std::string show(const wire::NotificationId& id) {
  return std::visit(
      Overload{[](const wire::CompletionId& c) { return "completion " + std::to_string(c.value); },
               [](const wire::SignalIndex& s) { return "signal " + std::to_string(s.value); },
               [](const wire::SignalName& s) { return "signal " + quoted(s.value); }},
      id);
}

std::string show(const protocol::Frame& frame) {
  if (!frame.is_control()) {
    return show_entry(static_cast<wire::EntryType>(frame.type), frame.payload);
  }
  switch (static_cast<protocol::ControlType>(frame.type)) {
    case protocol::ControlType::kStart: {
      const auto start = protocol::decode_start(frame.payload);
      if (!start) return "Start undecodable";
      std::string out = "Start known " + std::to_string(start->known_entries);
      out += " retries " + std::to_string(start->retry_count_since_last_stored_entry);
      if (!start->key.empty()) out += " key " + quoted(start->key);
      out += start->partial_state ? " partial state" : " all state";
      for (const auto& [key, value] : start->state) {
        out += " " + quoted(key.view()) + "=" + quoted(shorten(value.view()));
      }
      return out;
    }
    case protocol::ControlType::kCommandAck:
    case protocol::ControlType::kProposeRunCompletionAck: {
      const auto number = protocol::decode_ack(frame.payload);
      return protocol::message_name(frame.type) + " " +
             std::to_string(std::get<std::uint32_t>(number));
    }
    default:
      return protocol::message_name(frame.type);
  }
}

std::string show(const wire::Effect& effect) {
  return std::visit(
      Overload{[](const wire::Pinned& e) {
                 return "Pinned " + deployment_name(e.deployment.id) + " v" +
                        std::to_string(e.deployment.protocol);
               },
               [](const wire::NewEntry& e) {
                 std::string out = show_entry(e.type, e.body);
                 if (e.command_to_ack) out += " as command " + std::to_string(*e.command_to_ack);
                 if (e.ack_requested) out += ", ack requested";
                 return out;
               },
               [](const wire::NewEvent& e) { return "Event " + e.event.json.str(); },
               [](const wire::Suspended& e) {
                 return "Suspended on " + show_await(e.awaiting) + "; delivered " +
                        std::to_string(e.delivered);
               },
               [](const wire::Paused& e) {
                 return "Paused " + (e.event ? e.event->json.str() : std::string("without event"));
               },
               [](const wire::Yielded&) -> std::string { return "Yielded"; },
               [](const wire::Ended&) -> std::string { return "Ended"; },
               [](const wire::Failed& e) { return "Failed " + show_failure(e.failure); }},
      effect);
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
    } else if (line[i] == '"') {
      std::string word;
      for (++i; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n') {
          word += '\n';
          ++i;
        } else {
          word += line[i];
        }
      }
      ++i;
      words.push_back(std::move(word));
    } else {
      const std::size_t end = std::min(line.find(' ', i), line.size());
      words.emplace_back(line.substr(i, end - i));
      i = end;
    }
  }
  return words;
}

}  // namespace restate::invoker::testing
