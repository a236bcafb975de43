#pragma once

/// \file
/// Reading ordered keys that are already at hand. The state machine sees no more of storage.

#include <restate/bytes.h>
#include <restate/result.h>

#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace restate::storage {

/// A visitor of rows; returns false to stop. Key and value are valid during the call only.
class RowVisitor {
 public:
  /// False: enough.
  virtual bool row(std::string_view key, std::string_view value) = 0;

 protected:
  ~RowVisitor() = default;
};

/// Ordered key-value rows, compared byte by byte. Everything is synchronous.
class View {
 public:
  virtual ~View() = default;
  /// The value of `key`, or nothing. `kCorrupt`, `kFailed`: the disk.
  virtual Result<std::optional<Bytes>> get(std::string_view key) const = 0;
  /// Visits the rows of [lower, upper) in order; an empty `upper` means to the end.
  virtual Result<void> scan(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const = 0;
  /// The same, from the last row backwards.
  virtual Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                                    RowVisitor& visitor) const = 0;
};

/// Calls a lambda `bool(key, value)` per row.
template <class F>
class RowCallback final : public RowVisitor {
 public:
  /// Keeps the lambda.
  explicit RowCallback(F callback) : callback_(std::move(callback)) {}
  /// Calls it.
  bool row(std::string_view key, std::string_view value) override { return callback_(key, value); }

 private:
  F callback_;
};

/// The smallest key greater than every key that starts with `prefix`; empty if there is none.
std::string prefix_end(std::string_view prefix);

}  // namespace restate::storage

#pragma GCC visibility pop
