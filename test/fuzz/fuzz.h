#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What libFuzzer calls with each input, and our own driver, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Inputs to start from when there is no fuzzer and no corpus: valid ones of every kind.
std::vector<std::string> fuzz_seeds();
