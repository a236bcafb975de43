#pragma once

#include <restate/error.h>

#include <rocksdb/status.h>

#include <string>

namespace restate::storage {

/// What RocksDB says, in our words. `kCorrupt` for bad checksums, `kFailed` for the rest.
inline Error error_of(const rocksdb::Status& status, const std::string& attempt) {
  return Error{status.IsCorruption() ? Code::kCorrupt : Code::kFailed,
               attempt + ": " + status.ToString()};
}

}  // namespace restate::storage
