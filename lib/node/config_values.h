#pragma once

/// \file
/// The notations of configuration values: durations and sizes that people write.

#include <restate/result.h>
#include <restate/time.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::node {

/// `10s`, `1h 2m`, `1.5s`, `PT5M`; milliseconds. A setting without a unit is an error, and so is what
/// `restate::parse_duration_ms` refuses.
Result<std::uint64_t> parse_duration_setting(std::string_view text);

/// `10/s`, `600/min`, `1/h`: how far apart that is.
Result<Duration> parse_rate(std::string_view text);

/// `1024`, `10B`, `1kb` (1000), `1.5 GiB`.
Result<std::uint64_t> parse_size(std::string_view text);
/// `32.0 MiB`.
std::string format_size(std::uint64_t bytes);

}  // namespace restate::node
