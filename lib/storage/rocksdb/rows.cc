#include "storage/rocksdb/rows.h"

#include "storage/keys.h"
#include "storage/rocksdb/status.h"

namespace restate::storage {
namespace {

/// True if all keys of [lower, upper) share the part of the key that the filters know.
bool inside_one_prefix(std::string_view lower, std::string_view upper) {
  if (lower.size() < kKeyPrefixSize || upper.empty()) return false;
  const std::string_view prefix = lower.substr(0, kKeyPrefixSize);
  return upper.starts_with(prefix) || upper == prefix_end(prefix);
}

std::string attempt_of(const Family& family) {
  return "reading partition " + std::to_string(family.partition.value);
}

/// Holds the bounds that an iterator points to.
struct Range {
  Range(std::string_view l, std::string_view u) : lower(slice(l)), upper(slice(u)) {
    if (!l.empty()) options.iterate_lower_bound = &lower;
    if (!u.empty()) options.iterate_upper_bound = &upper;
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

  rocksdb::Slice lower;
  rocksdb::Slice upper;
  rocksdb::ReadOptions options;
};

}  // namespace

Result<std::optional<Bytes>> RowReader::get(std::string_view key) const {
  if (key == kPositionKey) return std::optional<Bytes>();
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  rocksdb::PinnableSlice value;
  const auto status = family.db.Get(options, family.handle, slice(key), &value);
  if (status.IsNotFound()) return std::optional<Bytes>();
  if (!status.ok()) return error_of(status, attempt_of(family));
  return std::optional<Bytes>(Bytes(value.ToStringView()));
}

Result<void> RowReader::scan(std::string_view lower, std::string_view upper,
                             RowVisitor& visitor) const {
  if (!upper.empty() && lower >= upper) return {};
  Range range(lower, upper);
  range.options.snapshot = snapshot;
  // Only inside one prefix may the filters of the table files be asked; across prefixes they would
  // hide rows.
  range.options.total_order_seek = !inside_one_prefix(lower, upper);
  const std::unique_ptr<rocksdb::Iterator> row(family.db.NewIterator(range.options, family.handle));
  for (row->Seek(range.lower); row->Valid(); row->Next()) {
    const std::string_view key = row->key().ToStringView();
    if (key == kPositionKey) continue;
    if (!visitor.row(key, row->value().ToStringView())) return {};
  }
  // An iterator that stopped early because of an error looks like one at its end.
  if (!row->status().ok()) return error_of(row->status(), attempt_of(family));
  return {};
}

Result<void> RowReader::scan_reverse(std::string_view lower, std::string_view upper,
                                     RowVisitor& visitor) const {
  if (!upper.empty() && lower >= upper) return {};
  Range range(lower, upper);
  range.options.snapshot = snapshot;
  range.options.total_order_seek = true;  // going backwards knows no prefix mode
  const std::unique_ptr<rocksdb::Iterator> row(family.db.NewIterator(range.options, family.handle));
  for (row->SeekToLast(); row->Valid(); row->Prev()) {
    const std::string_view key = row->key().ToStringView();
    if (key == kPositionKey) continue;
    if (!visitor.row(key, row->value().ToStringView())) return {};
  }
  if (!row->status().ok()) return error_of(row->status(), attempt_of(family));
  return {};
}

}  // namespace restate::storage
