#pragma once

/// \file
/// Reading the rows of a family, as of now or of a snapshot.

#include "storage/rocksdb/database.h"

#include <restate/storage/view.h>

namespace restate::storage {

/// A view of one moment: null means now.
struct RowReader {
  Family& family;
  const rocksdb::Snapshot* snapshot = nullptr;

  Result<std::optional<Bytes>> get(std::string_view key) const;
  Result<void> scan(std::string_view lower, std::string_view upper, RowVisitor& visitor) const;
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const;
};

}  // namespace restate::storage
