#include "worker/table_copy.h"

#include "partition/keys.h"
#include "partition/migration.h"
#include "partition/tables.h"
#include "storage/crc32c.h"
#include "storage/little_endian.h"

#include <memory>
#include <utility>

// head    "restate table copy 1\n", then a block: u16 partition, u64 first key, u64 last key,
//         u64 fingerprint, u64 format, u64 applied LSN
// rows    a block per half megabyte or so: per row u32 key length, u32 value length, both
// end     an empty block, then a block: u64 rows
// block   u32 length, u32 CRC-32C of its bytes, the bytes. Numbers are little endian.

namespace restate::worker {
namespace {

using partition::keys::Variable;

constexpr std::string_view kMagic = "restate table copy 1\n";
constexpr std::size_t kBlockBytes = 512u << 10;
constexpr std::size_t kLargestBlock = 256u << 20;

using storage::append_number;

template <class Number>
Number take(std::string_view& from) {
  const auto number = storage::number_at<Number>(from, 0);
  from.remove_prefix(sizeof(Number));
  return number;
}

Result<void> write_block(CopySink& sink, std::string_view bytes) {
  std::string head;
  append_number(head, static_cast<std::uint32_t>(bytes.size()));
  append_number(head, storage::crc32c(bytes));
  RESTATE_TRY_VOID(sink(head));
  if (bytes.empty()) return {};
  return sink(bytes);
}

Error damaged(std::string_view what) {
  return {Code::kCorrupt, "reading a copy of tables: " + std::string(what)};
}

Error unfit(const TableCopy& copy, const std::string& why) {
  return {Code::kFailedPrecondition,
          "restoring partition " + std::to_string(copy.partition.value) + " from a copy: " + why};
}

/// Cuts a stream into blocks.
class BlockReader {
 public:
  explicit BlockReader(CopySource& source) : source_(source) {}

  Result<std::string> bytes(std::size_t count) {
    while (buffer_.size() < count) {
      RESTATE_TRY(const Bytes more, source_());
      if (more.empty()) return damaged("it is cut short");
      buffer_.append(more.view());
    }
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }
  Result<std::string> block() {
    RESTATE_TRY(const std::string head, bytes(8));
    std::string_view fields = head;
    const std::size_t size = take<std::uint32_t>(fields);
    const std::uint32_t checksum = take<std::uint32_t>(fields);
    if (size > kLargestBlock) return damaged("a block is too large");
    RESTATE_TRY(std::string content, bytes(size));
    if (storage::crc32c(content) != checksum) return damaged("a checksum is wrong");
    return content;
  }

 private:
  CopySource& source_;
  std::string buffer_;
};

Result<TableCopy> read_head(BlockReader& blocks, const WantedCopy& wanted) {
  RESTATE_TRY(const std::string magic, blocks.bytes(kMagic.size()));
  constexpr std::string_view kKind = "restate table copy ";
  if (!std::string_view(magic).starts_with(kKind)) {
    return Error{Code::kFailedPrecondition, "this is no copy of tables"};
  }
  if (magic != kMagic) {
    return Error{Code::kUnsupported, "a newer version wrote this copy of tables"};
  }
  RESTATE_TRY(const std::string head, blocks.block());
  if (head.size() < 42) return damaged("its head is too short");
  std::string_view fields = head;
  TableCopy copy;
  copy.partition.value = take<std::uint16_t>(fields);
  copy.keys.first = take<std::uint64_t>(fields);
  copy.keys.last = take<std::uint64_t>(fields);
  copy.fingerprint = take<std::uint64_t>(fields);
  copy.format = take<std::uint64_t>(fields);
  copy.applied = take<std::uint64_t>(fields);
  if (copy.partition != wanted.partition) {
    return unfit(copy, "wanted is partition " + std::to_string(wanted.partition.value));
  }
  if (copy.fingerprint != wanted.fingerprint) return unfit(copy, "it is of another cluster");
  if (copy.keys.first > wanted.keys.first || copy.keys.last < wanted.keys.last) {
    return unfit(copy, "it does not hold all keys of the partition");
  }
  if (copy.applied < wanted.min_applied) {
    return unfit(copy, "it ends at LSN " + std::to_string(copy.applied) +
                           ", and the log begins behind LSN " +
                           std::to_string(wanted.min_applied));
  }
  if (copy.format > partition::kStorageFormat) {
    return Error{Code::kUnsupported,
                 "the copy has storage format " + std::to_string(copy.format) +
                     ", this program reads up to format " +
                     std::to_string(partition::kStorageFormat)};
  }
  return copy;
}

/// Puts the rows of one block into `batch`, but keeps the row of the applied LSN apart.
Result<void> read_rows(std::string_view block, const std::string& applied_key,
                       storage::Batch& batch, std::string& applied_row, std::uint64_t& rows) {
  while (!block.empty()) {
    if (block.size() < 8) return damaged("a row is cut short");
    const std::size_t key_size = take<std::uint32_t>(block);
    const std::size_t value_size = take<std::uint32_t>(block);
    if (key_size + value_size > block.size()) return damaged("a row is cut short");
    const std::string_view key = block.substr(0, key_size);
    const std::string_view value = block.substr(key_size, value_size);
    block.remove_prefix(key_size + value_size);
    ++rows;
    if (key == applied_key) {
      applied_row = std::string(value);
    } else {
      batch.put(key, value);
    }
  }
  return {};
}

Result<TableCopy> read_copy(storage::Store& store, storage::PartitionSpace& space,
                            const WantedCopy& wanted, CopySource& source) {
  bool taken = false;
  storage::RowCallback any([&](std::string_view, std::string_view) {
    taken = true;
    return false;
  });
  RESTATE_TRY_VOID(space.scan({}, {}, any));
  BlockReader blocks(source);
  RESTATE_TRY(TableCopy copy, read_head(blocks, wanted));
  if (taken) return unfit(copy, "the partition has tables already");

  const std::string applied_key = partition::keys::variable(copy.partition, Variable::kAppliedLsn);
  std::string applied_row;
  for (;;) {
    RESTATE_TRY(const std::string block, blocks.block());
    if (block.empty()) break;
    storage::Batch batch;
    RESTATE_TRY_VOID(read_rows(block, applied_key, batch, applied_row, copy.rows));
    const storage::Commit part{&space, &batch, storage::Position{}};
    RESTATE_TRY_VOID(store.commit({&part, 1}));
  }
  RESTATE_TRY(const std::string end, blocks.block());
  std::string_view fields = end;
  if (end.size() < 8 || take<std::uint64_t>(fields) != copy.rows) return damaged("rows are missing");
  if (applied_row.empty()) return damaged("it does not say what was applied");
  // Last, so that tables that are not complete have none, and are refused.
  storage::Batch batch;
  batch.put(applied_key, applied_row);
  const storage::Commit last{&space, &batch, storage::Position{copy.applied}};
  RESTATE_TRY_VOID(store.commit({&last, 1}));
  return copy;
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

void import_tables(storage::Store& store, Shard& shard, const WantedCopy& wanted,
                   CopySource source, Completion<TableCopy> done) {
  auto opened = store.open(wanted.partition, shard);
  if (!opened) return done(std::move(opened).error());
  std::shared_ptr<storage::PartitionSpace> space = std::move(opened).value();
  auto copy = read_copy(store, *space, wanted, source);
  if (!copy) return done(std::move(copy).error());
  storage::PartitionSpace& flushed = *space;
  flushed.flush(Completion<void>(
      shard, [space = std::move(space), copy = *copy, done = std::move(done)](
                 Result<void> written) mutable {
        space.reset();  // it may be opened by whoever hears of the end
        if (!written) return done(std::move(written).error());
        done(copy);
      }));
}

}  // namespace restate::worker
