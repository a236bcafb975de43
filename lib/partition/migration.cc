#include "partition/migration.h"

#include "partition/format2.h"
#include "partition/keys.h"
#include "partition/rows.h"
#include "partition/tables.h"

#include <algorithm>
#include <utility>

namespace restate::partition {

std::vector<const Migration*> migrations() {
  static const ToFormat2 to_format_2;
  return {&to_format_2};
}

Migrator::Migrator(PartitionId partition, const storage::View& rows,
                   std::vector<const Migration*> migrations)
    : partition_(partition), rows_(rows), migrations_(std::move(migrations)) {}

const Migration* Migrator::find(std::uint64_t from) const {
  const auto found = std::find_if(migrations_.begin(), migrations_.end(),
                                  [&](const Migration* one) { return one->from() == from; });
  return found == migrations_.end() ? nullptr : *found;
}

Result<void> Migrator::open() {
  RESTATE_TRY(const auto stored,
              Tables(partition_, rows_).number(keys::Variable::kStorageFormat));
  format_ = stored.value_or(kStorageFormat);  // nothing was ever written
  const std::string found = "opening partition " + std::to_string(partition_.value) +
                            ": its tables have storage format " + std::to_string(format_);
  if (format_ > kStorageFormat) {
    return Error{Code::kUnsupported, found + ", this program reads up to format " +
                                         std::to_string(kStorageFormat) +
                                         ": a newer one wrote them, and is needed to go on"};
  }
  for (std::uint64_t format = format_; format < kStorageFormat; ++format) {
    if (find(format) != nullptr) continue;
    return Error{Code::kUnsupported, found + ", this program has format " +
                                         std::to_string(kStorageFormat) +
                                         " and no way from " + std::to_string(format) +
                                         ": open them with a version in between first"};
  }
  return {};
}

Result<void> Migrator::next(storage::Batch& batch) {
  const Migration* migration = find(format_);
  RESTATE_ASSERT(migration != nullptr, "open has seen the whole way");
  RESTATE_TRY(const bool last, migration->step(partition_, rows_, cursor_, batch));
  if (!last) return {};
  ++format_;
  cursor_.clear();
  batch.put(keys::variable(partition_, keys::Variable::kStorageFormat),
            rows::encode_number(format_));
  return {};
}

}  // namespace restate::partition
