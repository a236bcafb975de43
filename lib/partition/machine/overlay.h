#pragma once

/// \file
/// The rows of a batch that is not committed yet, in front of those that are.

#include <restate/storage/batch.h>
#include <restate/storage/view.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition {

/// Reads see the pending rows first. Scans merge both in key order; the visitor must not write.
class Overlay final : public storage::View {
 public:
  /// `base` outlives this.
  explicit Overlay(const storage::View& base) : base_(base) {}

  void put(std::string key, std::string value) {
    pending_.insert_or_assign(std::move(key), Bytes(std::move(value)));
  }
  void erase(std::string key) { pending_.insert_or_assign(std::move(key), std::nullopt); }
  /// For a key that the base does not have: the row was never there.
  void forget(std::string_view key) {
    const auto found = pending_.find(key);
    if (found != pending_.end()) pending_.erase(found);
  }

  Result<std::optional<Bytes>> get(std::string_view key) const override;
  Result<void> scan(std::string_view lower, std::string_view upper,
                    storage::RowVisitor& visitor) const override;
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            storage::RowVisitor& visitor) const override;

  /// Appends the pending rows in key order. They stay readable until `clear`.
  void copy_to(storage::Batch& batch) const;
  /// The base shows them now.
  void clear() { pending_.clear(); }

 private:
  // Nothing: the row is erased.
  std::map<std::string, std::optional<Bytes>, std::less<>> pending_;
  const storage::View& base_;
};

}  // namespace restate::partition
