#pragma once

/// \file
/// Messages that occur inside others: headers, failures, values. Shared by journal entries and the
/// control messages of lib/protocol.

#include <restate/result.h>
#include <restate/wire/journal.h>

#include "wire/protobuf.h"

#include <string>
#include <string_view>
#include <vector>

namespace restate::wire {

/// Headers of one call, or pairs of metadata of one failure. An empty pair is two bytes here, and
/// thirty times as much wherever it is decoded or stored.
inline constexpr std::size_t kMostPairs = 10'000;

// Decoders take the bytes of the nested message. They return false for what is no such message; the
// caller fails its own reader.

bool decode_header(std::string_view message, Header& header);
bool decode_failure(std::string_view message, Failure& failure);
/// `Value`, the envelope of a payload: `content` shows into `message`.
bool decode_value(std::string_view message, std::string_view& content);
/// Whether `decode_state_keys` would find that it is one.
bool is_state_keys(std::string_view message);
/// `StateKeys`: slices of `whole`, of which `message` must be a part.
bool decode_state_keys(std::string_view message, const Bytes& whole, StateKeys& keys);

std::string encode_header(const Header& header);
std::string encode_failure(const Failure& failure);
std::string encode_state_keys(const StateKeys& keys);

}  // namespace restate::wire
