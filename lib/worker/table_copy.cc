#include "worker/table_copy.h"

#include "partition/keys.h"
#include "partition/tables.h"
#include "storage/crc32c.h"
#include "storage/little_endian.h"
#include "worker/copy_format.h"

#include <utility>

namespace restate::worker {
namespace {

using partition::keys::Variable;

using copy_format::kBlockBytes;
using copy_format::kMagic;
using storage::append_number;

Result<void> write_block(CopySink& sink, std::string_view bytes) {
  std::string head;
  append_number(head, static_cast<std::uint32_t>(bytes.size()));
  append_number(head, storage::crc32c(bytes));
  RESTATE_TRY_VOID(sink(head));
  if (bytes.empty()) return {};
  return sink(bytes);
}

}  // namespace

Result<TableCopy> export_tables(const storage::Snapshot& rows, PartitionId partition, KeyRange keys,
                                std::uint64_t fingerprint, CopySink sink) {
  const partition::Tables tables(partition, rows);
  RESTATE_TRY(const auto applied, tables.applied_lsn());
  RESTATE_TRY(const auto format, tables.number(Variable::kStorageFormat));
  if (!applied || !format) {
    return Error{Code::kFailedPrecondition, "copying partition " +
                                                std::to_string(partition.value) +
                                                ": nothing was applied yet"};
  }
  TableCopy copy{partition, keys, fingerprint, *format, *applied, 0};
  std::string head;
  append_number(head, partition.value);
  append_number(head, keys.first);
  append_number(head, keys.last);
  append_number(head, fingerprint);
  append_number(head, copy.format);
  append_number(head, copy.applied);
  RESTATE_TRY_VOID(sink(kMagic));
  RESTATE_TRY_VOID(write_block(sink, head));

  const std::string seal = partition::keys::variable(partition, Variable::kSeal);
  std::string block;
  Result<void> written;
  storage::RowCallback add([&](std::string_view key, std::string_view value) {
    if (key == seal) return true;  // about this node's copy
    append_number(block, static_cast<std::uint32_t>(key.size()));
    append_number(block, static_cast<std::uint32_t>(value.size()));
    block.append(key).append(value);
    ++copy.rows;
    if (block.size() < kBlockBytes) return true;
    written = write_block(sink, block);
    block.clear();
    return written.has_value();
  });
  RESTATE_TRY_VOID(rows.scan({}, {}, add));
  RESTATE_TRY_VOID(std::move(written));
  if (!block.empty()) RESTATE_TRY_VOID(write_block(sink, block));
  RESTATE_TRY_VOID(write_block(sink, {}));
  std::string end;
  append_number(end, copy.rows);
  RESTATE_TRY_VOID(write_block(sink, end));
  return copy;
}

}  // namespace restate::worker
