#pragma once

/// \file
/// What the stage's endpoints say, written in words.

#include <restate/bytes.h>

#include <cstdint>
#include <string>
#include <vector>

namespace restate::invoker::testing {

std::uint32_t number(const std::string& text);

/// A message of an endpoint from words such as `Sleep 1` or `Error 500 "boom" delay 300`.
Bytes message(const std::vector<std::string>& words, std::uint16_t protocol);

}  // namespace restate::invoker::testing
