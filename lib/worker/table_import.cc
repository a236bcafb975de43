#include "worker/table_copy.h"

#include "partition/keys.h"
#include "partition/migration.h"
#include "storage/crc32c.h"
#include "storage/little_endian.h"
#include "worker/copy_format.h"

#include <optional>
#include <utility>

namespace restate::worker {
namespace {

using copy_format::kKind;
using copy_format::kLargestBlock;
using copy_format::kMagic;
using partition::keys::Variable;

template <class Number>
Number take(std::string_view& from) {
  const auto number = storage::number_at<Number>(from, 0);
  from.remove_prefix(sizeof(Number));
  return number;
}

Error damaged(std::string_view what) {
  return {Code::kCorrupt, "reading a copy of tables: " + std::string(what)};
}

Error unfit(const TableCopy& copy, const std::string& why) {
  return {Code::kFailedPrecondition,
          "restoring partition " + std::to_string(copy.partition.value) + " from a copy: " + why};
}

}  // namespace

/// Cuts a stream into blocks.
class BlockReader {
 public:
  explicit BlockReader(CopySource source) : source_(std::move(source)) {}

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
  CopySource source_;
  std::string buffer_;
};

namespace {

Result<TableCopy> read_head(BlockReader& blocks, const WantedCopy& wanted) {
  RESTATE_TRY(const std::string magic, blocks.bytes(kMagic.size()));
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

}  // namespace

/// Only one side touches it at a time.
struct TableImport::Reading {
  Reading(const WantedCopy& w, CopySource source)
      : wanted(w),
        blocks(std::move(source)),
        applied_key(partition::keys::variable(w.partition, Variable::kAppliedLsn)) {}

  /// Reads the head first, then a block of rows at a time.
  Result<void> next() {
    if (!copy) {
      RESTATE_TRY(copy, read_head(blocks, wanted));
      return {};
    }
    RESTATE_TRY(const std::string block, blocks.block());
    if (!block.empty()) return read_rows(block, applied_key, batch, applied_row, copy->rows);
    RESTATE_TRY(const std::string end, blocks.block());
    std::string_view fields = end;
    if (end.size() < 8 || take<std::uint64_t>(fields) != copy->rows) {
      return damaged("rows are missing");
    }
    if (applied_row.empty()) return damaged("it does not say what was applied");
    // Last, so that tables that are not complete have none, and are refused.
    batch.put(applied_key, applied_row);
    complete = true;
    return {};
  }

  const WantedCopy wanted;
  BlockReader blocks;
  const std::string applied_key;
  std::optional<TableCopy> copy;
  std::string applied_row;
  storage::Batch batch;
  bool complete = false;
  Result<void> outcome;
};

TableImport::TableImport(storage::Store& store, Shard& shard, const WantedCopy& wanted,
                         CopySource source, Completion<TableCopy> done)
    : store_(store),
      shard_(shard),
      reading_(std::make_shared<Reading>(wanted, std::move(source))),
      done_(std::move(done)),
      retry_timer_(shard.make_timer([this] {
        if (commit()) read();
      })) {}

TableImport::~TableImport() {
  if (done_) done_(Error{Code::kShutdown, "the import was given up"});
}

void TableImport::start() {
  auto opened = store_.open(reading_->wanted.partition, shard_);
  if (!opened) return finish(std::move(opened).error());
  space_ = std::move(opened).value();
  storage::RowCallback any([this](std::string_view, std::string_view) {
    taken_ = true;
    return false;
  });
  if (auto looked = space_->scan({}, {}, any); !looked) return finish(std::move(looked).error());
  read();
}

void TableImport::read() {
  shard_.run_blocking([reading = reading_] { reading->outcome = reading->next(); },
                      scope_.bind([this] { on_read(); }));
}

void TableImport::on_read() {
  if (!reading_->outcome) return finish(reading_->outcome.error());
  if (taken_) return finish(unfit(*reading_->copy, "the partition has tables already"));
  if (reading_->batch.empty() || commit()) read();
}

bool TableImport::commit() {
  const bool last = reading_->complete;
  const storage::Commit part{space_.get(), &reading_->batch,
                             storage::Position{last ? reading_->copy->applied : 0}};
  auto committed = store_.commit({&part, 1});
  if (!committed && committed.error().code == Code::kOverloaded) {
    retry_timer_->arm(shard_.now() + milliseconds(2));
    return false;
  }
  if (!committed) {
    finish(std::move(committed).error());
    return false;
  }
  reading_->batch.clear();
  if (last) flush();
  return !last;
}

void TableImport::flush() {
  space_->flush(Completion<void>(shard_, scope_.bind([this](Result<void> written) {
    if (!written) return finish(std::move(written).error());
    finish(*reading_->copy);
  })));
}

void TableImport::finish(Result<TableCopy> result) {
  space_.reset();  // it may be opened by whoever hears of the end
  done_(std::move(result));
}

}  // namespace restate::worker
