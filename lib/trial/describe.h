#pragma once

/// \file
/// Frames of the service protocol in words, for the stories of trials.

#include <restate/bytes.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace restate::testing {

/// A payload in quotes, if it is text and short; else what can be shown of it.
std::string quote(std::string_view payload);
/// `'value'` or `failure 500 'why'`.
std::string describe(const wire::InvocationResult& result);
/// What the completions of one journal are the results of, as far as it is known.
using CompletionNames = std::map<std::uint32_t, std::string>;
/// Notes the completions of a command.
void learn_names(wire::EntryType type, const Bytes& payload, CompletionNames& names);

/// `SetState 'balance' = '7'`, `Run "charge"`, `Sleep done`: a frame in one line, without what differs
/// from one run to the next, as times do.
std::string describe_frame(std::uint16_t type, const Bytes& payload, std::uint16_t protocol,
                           const CompletionNames& names = {});

}  // namespace restate::testing
