#pragma once

/// \file
/// Single values as PostgreSQL writes them, in text and in binary.

#include <duckdb.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace restate::query {

/// Days and microseconds from 1970 to 2000, where PostgreSQL's time begins.
inline constexpr std::int64_t kEpochDays = 10'957;
inline constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
/// What is further away than this from 1970 is no time to anybody; DuckDB lets it be made.
inline constexpr std::int64_t kMostMicros = INT64_MAX - 86'400'000'000;

/// In big endian.
void append_number(std::string& out, std::uint64_t value, std::size_t bytes);
void append_float(std::string& out, double value);
/// `zone`: what stands behind the time.
void append_timestamp(std::string& out, std::int64_t micros, std::string_view zone);
/// `1 year 2 mons 3 days 04:05:06.5`
void append_interval(std::string& out, const duckdb::interval_t& interval);
/// A whole number, given by its decimal digits and perhaps a minus, in groups of four digits.
void append_numeric(std::string& out, std::string digits);

/// Infinite ones are the ends of the range, there as here.
std::int64_t micros_since_2000(std::int64_t micros);
std::int64_t days_since_2000(std::int64_t days);
bool is_infinite_date(std::int64_t days);

/// True if a text stands in quotes in an array.
bool needs_quotes(std::string_view text);

}  // namespace restate::query
