#pragma once

#include <restate/error.h>

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string>
#include <string_view>

namespace restate::storage {

/// What RocksDB says, in our words. `kCorrupt` for bad checksums, `kFailed` for the rest.
inline Error error_of(const rocksdb::Status& status, const std::string& attempt) {
  return Error{status.IsCorruption() ? Code::kCorrupt : Code::kFailed,
               attempt + ": " + status.ToString()};
}

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace restate::storage
