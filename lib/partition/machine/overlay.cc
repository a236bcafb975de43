#include "partition/machine/overlay.h"

namespace restate::partition {

namespace {

// Merges the rows of the base, as they come, with those of [at, end). `before(a, b)` is the order
// of the scan.
template <class Iterator, class Before>
class Merge {
 public:
  Merge(Iterator at, Iterator end, Before before, storage::RowVisitor& visitor)
      : at_(at), end_(end), before_(before), visitor_(visitor) {}

  bool base_row(std::string_view key, std::string_view value) {
    while (at_ != end_ && before_(at_->first, key)) {
      if (!pending_row()) return false;
    }
    if (at_ != end_ && at_->first == key) return pending_row();
    return visit(key, value);
  }
  void finish() {
    while (!stopped_ && at_ != end_) pending_row();
  }

 private:
  bool pending_row() {
    const auto& [key, value] = *at_++;
    return !value || visit(key, *value);
  }
  bool visit(std::string_view key, std::string_view value) {
    if (!visitor_.row(key, value)) stopped_ = true;
    return !stopped_;
  }

  Iterator at_;
  Iterator end_;
  Before before_;
  storage::RowVisitor& visitor_;
  bool stopped_ = false;
};

}  // namespace

Result<std::optional<Bytes>> Overlay::get(std::string_view key) const {
  const auto found = pending_.find(key);
  if (found == pending_.end()) return base_.get(key);
  if (!found->second) return std::optional<Bytes>();
  return std::optional<Bytes>(Bytes(*found->second));
}

Result<void> Overlay::scan(std::string_view lower, std::string_view upper,
                           storage::RowVisitor& visitor) const {
  if (!upper.empty() && lower >= upper) return {};
  const auto first = pending_.lower_bound(lower);
  const auto last = upper.empty() ? pending_.end() : pending_.lower_bound(upper);
  if (first == last) return base_.scan(lower, upper, visitor);
  Merge merge(first, last, std::less<std::string_view>(), visitor);
  storage::RowCallback row(
      [&](std::string_view key, std::string_view value) { return merge.base_row(key, value); });
  RESTATE_TRY_VOID(base_.scan(lower, upper, row));
  merge.finish();
  return {};
}

Result<void> Overlay::scan_reverse(std::string_view lower, std::string_view upper,
                                   storage::RowVisitor& visitor) const {
  if (!upper.empty() && lower >= upper) return {};
  const auto first = pending_.lower_bound(lower);
  const auto last = upper.empty() ? pending_.end() : pending_.lower_bound(upper);
  if (first == last) return base_.scan_reverse(lower, upper, visitor);
  Merge merge(std::make_reverse_iterator(last), std::make_reverse_iterator(first),
              std::greater<std::string_view>(), visitor);
  storage::RowCallback row(
      [&](std::string_view key, std::string_view value) { return merge.base_row(key, value); });
  RESTATE_TRY_VOID(base_.scan_reverse(lower, upper, row));
  merge.finish();
  return {};
}

void Overlay::copy_to(storage::Batch& batch) const {
  for (const auto& [key, value] : pending_) {
    if (value) {
      batch.put(key, *value);
    } else {
      batch.erase(key);
    }
  }
}

}  // namespace restate::partition
