#include "storage/rocksdb/large_values.h"

#include <algorithm>
#include <mutex>

namespace restate::storage {
namespace {

std::uint64_t property(Family& family, const std::string& name) {
  std::uint64_t value = 0;
  family.db.GetIntProperty(family.handle, name, &value);
  return value;
}

}  // namespace

rocksdb::Status collect_garbage(Family& family, std::size_t memory) {
  const std::unique_lock alone(family.garbage, std::try_to_lock);
  if (!alone) return rocksdb::Status::OK();
  const std::uint64_t all = property(family, rocksdb::DB::Properties::kLiveBlobFileSize);
  const std::uint64_t garbage =
      property(family, rocksdb::DB::Properties::kLiveBlobFileGarbageSize);
  // Off at a quarter, on at a half: a collection that began has something to do.
  const std::uint64_t enough = family.collecting ? all / 4 : std::max<std::uint64_t>(all / 2, memory);
  const bool collect = garbage > enough;
  if (collect == family.collecting) return rocksdb::Status::OK();
  const auto status = family.db.SetOptions(
      family.handle, {{"enable_blob_garbage_collection", collect ? "true" : "false"}});
  if (status.ok()) family.collecting = collect;
  return status;
}

}  // namespace restate::storage
