#pragma once

/// \file
/// DuckDB throws; we do not.

#include <restate/result.h>

#include <duckdb.hpp>

#include <exception>

namespace restate::query {

/// What went wrong, as a value. What the text itself is to blame for is `kInvalidArgument`.
Error error_of(const duckdb::ErrorData& error);

/// Calls `f`, which answers a `Result`, and turns what it throws into one.
template <class F>
auto guarded(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& thrown) {
    return error_of(duckdb::ErrorData(thrown));
  } catch (...) {
    return Error{Code::kInternal, "The SQL engine failed without saying why"};
  }
}

}  // namespace restate::query
