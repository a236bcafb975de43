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
    bytes_ += value.size();
    change(std::move(key)) = std::move(value);
  }
  void erase(std::string key) { change(std::move(key)).reset(); }
  /// For a key that the base does not have: the row was never there.
  void forget(std::string_view key) {
    const auto found = pending_.find(key);
    if (found == pending_.end()) return;
    bytes_ -= weight(*found);
    pending_.erase(found);
  }

  Result<std::optional<Bytes>> get(std::string_view key) const override;
  Result<void> scan(std::string_view lower, std::string_view upper,
                    storage::RowVisitor& visitor) const override;
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            storage::RowVisitor& visitor) const override;

  /// Appends the pending rows in key order. They stay readable until `clear`.
  void copy_to(storage::Batch& batch) const;
  /// The base shows them now.
  void clear() {
    pending_.clear();
    bytes_ = 0;
  }
  /// Keys and values of the pending rows.
  std::size_t bytes() const { return bytes_; }

 private:
  // Nothing: the row is erased. Most are written and never read before they are committed.
  using Rows = std::map<std::string, std::optional<std::string>, std::less<>>;

  static std::size_t weight(const Rows::value_type& row) {
    return row.first.size() + (row.second ? row.second->size() : 0);
  }
  /// The pending row of a key; the caller counts its new value.
  std::optional<std::string>& change(std::string key) {
    const std::size_t size = key.size();
    const auto [row, fresh] = pending_.try_emplace(std::move(key));
    if (fresh) {
      bytes_ += size;
    } else if (row->second) {
      bytes_ -= row->second->size();
    }
    return row->second;
  }

  Rows pending_;
  std::size_t bytes_ = 0;
  const storage::View& base_;
};

}  // namespace restate::partition
