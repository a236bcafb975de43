#pragma once

/// \file
/// What journal entries are made of, as members of their JSON.

#include "query/json_text.h"
#include "wire/entry.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace restate::query {

void put(JsonText& to, const wire::Failure& failure);
void put(JsonText& to, const wire::InvocationTarget& target);
void put(JsonText& to, const wire::NotificationId& id);
void put(JsonText& to, const wire::InvocationRef& reference);
void put(JsonText& to, const wire::AwaitTree& tree);

/// `{"Success":...}` and `{"Failure":...}`
void put_success(JsonText& to, std::string_view value);
void put_failure(JsonText& to, const wire::Failure& failure);

void put_headers(JsonText& to, const std::vector<wire::Header>& headers);
void put_opt(JsonText& to, const std::optional<std::string>& text);
void put_duration(JsonText& to, std::uint64_t ms);

/// What a call resolved to when it was proposed, together with what the code asked for.
void put_request(JsonText& to, const wire::CallRequest& request, const wire::CallInfo& info);

/// The name or the index of a signal, in whichever of its variants.
template <class Signal>
void put_signal_id(JsonText& to, const Signal& signal) {
  to.open_object();
  if (const auto* index = std::get_if<wire::SignalIndex>(&signal)) {
    to.key("Index").number(index->value);
  } else {
    to.key("Name").text(std::get<wire::SignalName>(signal).value);
  }
  to.close_object();
}

}  // namespace restate::query
