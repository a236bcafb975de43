#include "query/entry_json.h"

#include "query/entry_parts.h"
#include "query/json_text.h"
#include "wire/entry.h"

#include <restate/assert.h>

#include <string_view>
#include <type_traits>

namespace restate::query {
namespace {

/// `Run` of `Command: Run`.
std::string_view type_of(const wire::JournalEntry& entry) {
  const std::string_view whole = wire::entry_type_name(entry.type);
  return whole.substr(whole.find(": ") + 2);
}

/// Writes the members of one entry. `kLite`: without payloads, and with a name only where tools
/// show it.
template <bool kLite>
struct Members {
  JsonText& to;
  const wire::JournalEntry& entry;
  std::string name;

  void put_name(bool even_in_lite = false) {
    if (!kLite || (even_in_lite && !name.empty())) to.key("name").text(name);
  }
  void completion(wire::CompletionId id) { to.key("completion_id").number(id.value); }
  void bytes_key(const Bytes& key) { to.key("key").text(key.view()); }

  void outcome(const Bytes& value) {
    if constexpr (kLite) {
      to.text("Success");
    } else {
      put_success(to, value.view());
    }
  }
  void outcome(const wire::Failure& failure) {
    if constexpr (kLite) {
      to.text("Failure");
    } else {
      put_failure(to, failure);
    }
  }
  void outcome(const wire::Void&) { to.text("Void"); }
  template <class... T>
  void outcome(const std::variant<T...>& result) {
    std::visit([&](const auto& value) { outcome(value); }, result);
  }

  void operator()(const wire::InputEntry& e) {
    if constexpr (kLite) return;
    to.key("headers");
    put_headers(to, e.headers);
    to.key("payload").octets(e.value.view());
    put_name();
  }
  void operator()(const wire::OutputEntry& e) {
    to.key("result");
    outcome(e.result);
    put_name();
  }
  void operator()(const wire::GetLazyStateEntry& e) {
    bytes_key(e.key);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::SetStateEntry& e) {
    bytes_key(e.key);
    if constexpr (!kLite) to.key("value").octets(e.value.view());
    put_name();
  }
  void operator()(const wire::ClearStateEntry& e) {
    bytes_key(e.key);
    put_name();
  }
  void operator()(const wire::ClearAllStateEntry&) { put_name(); }
  void operator()(const wire::GetLazyStateKeysEntry& e) {
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::GetEagerStateEntry& e) {
    bytes_key(e.key);
    to.key("result");
    if (e.value) {
      outcome(*e.value);
    } else {
      outcome(wire::Void{});
    }
    put_name();
  }
  void operator()(const wire::GetEagerStateKeysEntry& e) {
    if constexpr (!kLite) state_keys(e.keys);
    put_name();
  }
  void state_keys(const wire::StateKeys& keys) {
    to.key("state_keys").open_array();
    for (const Bytes& key : keys.keys) to.text(key.view());
    to.close_array();
  }
  void operator()(const wire::GetPromiseEntry& e) {
    to.key("key").text(e.key);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::PeekPromiseEntry& e) {
    to.key("key").text(e.key);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::CompletePromiseEntry& e) {
    to.key("key").text(e.key).key("value");
    outcome(e.value);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::SleepEntry& e) {
    to.key("wake_up_time").number(e.wake_up.ms);
    completion(e.completion);
    put_name(true);
  }
  void operator()(const wire::CallEntry& e) {
    request(e.request);
    to.key("invocation_id_completion_id").number(e.invocation_id_completion.value);
    to.key("result_completion_id").number(e.completion.value);
    put_name(true);
  }
  void operator()(const wire::OneWayCallEntry& e) {
    request(e.request);
    to.key("invoke_time").number(e.invoke_time.ms);
    to.key("invocation_id_completion_id").number(e.invocation_id_completion.value);
    put_name(true);
  }
  void request(const wire::CallRequest& request) {
    const wire::CallInfo info = entry.call.value_or(wire::CallInfo{});
    if constexpr (kLite) {
      to.key("invocation_id").text(info.callee.str()).key("invocation_target");
      put(to, info.target);
    } else {
      to.key("request");
      put_request(to, request, info);
    }
  }
  void operator()(const wire::SendSignalEntry& e) {
    to.key("target_invocation_id").text(e.target).key("signal_id");
    put_signal_id(to, e.signal);
    to.key("result");
    outcome(e.result);
    put_name();
  }
  void operator()(const wire::RunEntry& e) {
    completion(e.completion);
    put_name(true);
  }
  void operator()(const wire::AttachInvocationEntry& e) {
    to.key("target");
    put(to, e.target);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::GetInvocationOutputEntry& e) {
    to.key("target");
    put(to, e.target);
    completion(e.completion);
    put_name();
  }
  void operator()(const wire::CompleteAwakeableEntry& e) {
    to.key("id").text(e.id).key("result");
    outcome(e.result);
    put_name();
  }
  void operator()(const wire::Notification&) {}
};

/// The result of a notification as a member of its object.
void put_result(JsonText& to, const wire::NotificationResult& result) {
  if (const auto* id = std::get_if<InvocationId>(&result)) {
    to.key("invocation_id").text(id->str());
  } else if (const auto* keys = std::get_if<wire::StateKeys>(&result)) {
    to.key("state_keys").open_array();
    for (const Bytes& key : keys->keys) to.text(key.view());
    to.close_array();
  } else if (const auto* value = std::get_if<Bytes>(&result)) {
    to.key("result");
    put_success(to, value->view());
  } else if (const auto* failure = std::get_if<wire::Failure>(&result)) {
    to.key("result");
    put_failure(to, *failure);
  } else {
    to.key("result").text("Void");
  }
}

std::string_view variant_name(const wire::NotificationResult& result) {
  constexpr std::string_view kNames[] = {"Void", "Success", "Failure", "InvocationId", "StateKeys"};
  static_assert(std::variant_size_v<wire::NotificationResult> == 5);
  return kNames[result.index()];
}

void put_notification(JsonText& to, const wire::JournalEntry& entry,
                      const wire::Notification& notification) {
  to.key("Notification").open_object();
  if (entry.type == wire::EntryType::kSignalNotification) {
    to.key("Signal").open_object().key("id");
    put_signal_id(to, notification.id);
    put_result(to, notification.result);
    to.close_object();
  } else {
    to.key("Completion").open_object().key(type_of(entry)).open_object();
    const auto* id = std::get_if<wire::CompletionId>(&notification.id);
    to.key("completion_id").number(id == nullptr ? 0 : id->value);
    if (entry.type != wire::EntryType::kSleepCompletion) put_result(to, notification.result);
    to.close_object().close_object();
  }
  to.close_object();
}

void put_lite_notification(JsonText& to, const wire::JournalEntry& entry,
                           const wire::Notification& notification) {
  to.key("Notification").open_object().key("ty");
  if (entry.type == wire::EntryType::kSignalNotification) {
    to.text("Signal");
  } else {
    to.open_object().key("Completion").text(type_of(entry)).close_object();
  }
  to.key("id");
  put(to, notification.id);
  to.key("result").text(variant_name(notification.result));
  to.close_object();
}

template <bool kLite>
std::optional<std::string> make_json(const wire::JournalEntry& entry) {
  const auto content = wire::decode_entry(entry.type, entry.body);
  if (!content) return std::nullopt;
  JsonText to;
  to.open_object();
  if (const auto* notification = std::get_if<wire::Notification>(&*content)) {
    if constexpr (kLite) {
      put_lite_notification(to, entry, *notification);
    } else {
      put_notification(to, entry, *notification);
    }
  } else {
    to.key("Command").open_object().key(type_of(entry)).open_object();
    std::visit(Members<kLite>{to, entry, wire::entry_name(entry.type, entry.body)}, *content);
    to.close_object().close_object();
  }
  to.close_object();
  return std::move(to).take();
}

}  // namespace

std::optional<std::string> entry_json(const wire::JournalEntry& entry) {
  return make_json<false>(entry);
}

std::optional<std::string> entry_lite_json(const wire::JournalEntry& entry) {
  return make_json<true>(entry);
}

std::string future_json(const wire::AwaitTree& tree) {
  JsonText to;
  put(to, tree);
  return std::move(to).take();
}

std::string failure_text(const wire::Failure& failure) {
  return "[" + std::to_string(failure.code) + "] " + failure.message;
}

std::string named_failure_text(const wire::Failure& failure) {
  const std::string_view name = wire::code_name(failure.code);
  std::string text = "[" + std::to_string(failure.code);
  if (!name.empty()) text.append(" ").append(name);
  return text.append("] ").append(failure.message);
}

}  // namespace restate::query
