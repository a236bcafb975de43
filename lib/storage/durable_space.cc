#include <restate/storage/durable_space.h>

#include "storage/crc32c.h"
#include "storage/file_layer.h"
#include "storage/format_stamp.h"
#include "storage/little_endian.h"
#include "storage/memory/row_tree.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace restate::storage {
namespace {

constexpr std::string_view kSuffix = ".rows";
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kOperationSize = 9;
// A journal below this size is not worth rewriting.
constexpr std::size_t kMinRewrite = 64 * 1024;

/// One write: crc32c over what follows it, length of the body, sequence, body, zeros up to a
/// multiple of 8.
std::string encode(std::uint64_t sequence, const Batch& batch) {
  std::string record(4, '\0');
  append_number(record, std::uint32_t{0});
  append_number(record, sequence);
  for (const Batch::Operation& op : batch.operations()) {
    append_number(record, static_cast<std::uint8_t>(op.erase ? 0 : 1));
    append_number(record, op.key_size);
    append_number(record, op.value_size);
    record.append(batch.key(op)).append(batch.value(op));
  }
  const auto body = static_cast<std::uint32_t>(record.size() - kHeaderSize);
  std::memcpy(record.data() + 4, &body, sizeof(body));
  const std::uint32_t crc = crc32c(std::string_view(record).substr(4));
  std::memcpy(record.data(), &crc, sizeof(crc));
  record.resize((record.size() + 7) / 8 * 8, '\0');
  return record;
}

struct Record {
  std::uint64_t sequence = 0;
  std::string_view body;
  std::size_t size = 0;
};

std::optional<Record> decode(std::string_view bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  const std::size_t body = number_at<std::uint32_t>(bytes, 4);
  if (body > bytes.size() - kHeaderSize) return std::nullopt;
  if (crc32c(bytes.substr(4, kHeaderSize - 4 + body)) != number_at<std::uint32_t>(bytes, 0)) {
    return std::nullopt;
  }
  const std::size_t size = (kHeaderSize + body + 7) / 8 * 8;
  return Record{number_at<std::uint64_t>(bytes, 8), bytes.substr(kHeaderSize, body),
                std::min(size, bytes.size())};
}

bool apply(std::string_view body, RowTree& rows) {
  while (!body.empty()) {
    if (body.size() < kOperationSize) return false;
    const bool put = number_at<std::uint8_t>(body, 0) != 0;
    const std::size_t key = number_at<std::uint32_t>(body, 1);
    const std::size_t value = number_at<std::uint32_t>(body, 5);
    body.remove_prefix(kOperationSize);
    if (key + value > body.size()) return false;
    if (put) {
      rows.put(body.substr(0, key), body.substr(key, value));
    } else {
      rows.erase(body.substr(0, key));
    }
    body.remove_prefix(key + value);
  }
  return true;
}

class JournaledSpace final : public DurableSpace {
 public:
  JournaledSpace(FileLayer& files, std::string directory, Function<void(const Error&)> on_failure)
      : files_(files), directory_(std::move(directory)), on_failure_(std::move(on_failure)) {}

  Result<void> open();

  Result<std::optional<Bytes>> get(std::string_view key) const override { return rows_.get(key); }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    RowVisitor& visitor) const override {
    rows_.scan(lower, upper, visitor);
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const override {
    rows_.scan_reverse(lower, upper, visitor);
    return {};
  }

  Result<void> write(const Batch& batch) override {
    if (failed_) {
      return Error{Code::kFailed, "writing to " + directory_ + ": an earlier write failed"};
    }
    auto outcome = append(batch);
    if (outcome && end_ >= kMinRewrite && end_ / 4 > rewritten_size_) outcome = rewrite();
    failed_ = !outcome;
    if (failed_ && on_failure_) on_failure_(outcome.error());
    return outcome;
  }

 private:
  std::string path_of(std::uint32_t number) const {
    return directory_ + "/" + std::to_string(number) + std::string(kSuffix);
  }
  Result<void> append(const Batch& batch);
  Result<void> rewrite();
  Result<void> load(std::uint32_t number);

  FileLayer& files_;
  const std::string directory_;
  Function<void(const Error&)> on_failure_;
  std::unique_ptr<FileLock> lock_;
  RowTree rows_;
  std::unique_ptr<File> file_;
  std::uint32_t number_ = 0;  ///< of the journal
  std::uint64_t end_ = 0;
  std::uint64_t rewritten_size_ = 0;  ///< of all rows, when the journal was begun
  std::uint64_t sequence_ = 0;
  bool failed_ = false;
};

Result<void> JournaledSpace::open() {
  RESTATE_TRY(lock_, claim_directory(files_, directory_, "durable space", 1));
  RESTATE_TRY(const auto names, files_.list(directory_));
  std::vector<std::uint32_t> numbers;
  for (std::string_view name : names) {
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  if (!numbers.empty()) {
    std::sort(numbers.begin(), numbers.end());
    number_ = numbers.back();
    numbers.pop_back();
    RESTATE_TRY_VOID(load(number_));
  }
  // A new journal each time: what a torn write left behind can then never be read again, and what
  // a killed process had not synced becomes durable before anybody sees it.
  RESTATE_TRY_VOID(rewrite());
  for (const std::uint32_t old : numbers) RESTATE_TRY_VOID(files_.unlink(path_of(old)));
  return {};
}

Result<void> JournaledSpace::load(std::uint32_t number) {
  const std::string path = path_of(number);
  RESTATE_TRY(const std::string content, read_file(files_, path));
  std::string_view rest = content;
  while (!rest.empty()) {
    const auto record = decode(rest);
    const bool follows =
        record && (rest.size() == content.size() || record->sequence == sequence_ + 1);
    if (!follows || !apply(record->body, rows_)) break;
    sequence_ = record->sequence;
    rest.remove_prefix(record->size);
  }
  const std::size_t good = content.size() - rest.size();
  const Error corrupt{Code::kCorrupt, "opening " + path + ": the write at byte " +
                                          std::to_string(good) + " is damaged"};
  // The first record was complete before the file got its name.
  if (good == 0) return corrupt;
  // A write begins when the one before it is synced: a later one proves that this one was whole.
  for (; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(8, rest.size()))) {
    const auto record = decode(rest);
    if (record && record->sequence > sequence_ + 1 &&
        record->sequence < sequence_ + content.size()) {
      return corrupt;
    }
  }
  return {};
}

Result<void> JournaledSpace::append(const Batch& batch) {
  const std::string record = encode(++sequence_, batch);
  const std::string_view piece = record;
  RESTATE_TRY_VOID(file_->write(end_, {&piece, 1}));
  RESTATE_TRY_VOID(file_->sync());
  end_ += record.size();
  RESTATE_ASSERT(apply(decode(record)->body, rows_), "what was written reads back");
  return {};
}

Result<void> JournaledSpace::rewrite() {
  Batch all;
  RowCallback collect([&all](std::string_view key, std::string_view value) {
    all.put(key, value);
    return true;
  });
  rows_.scan({}, {}, collect);
  const std::string record = encode(++sequence_, all);
  const std::string old = number_ > 0 ? path_of(number_) : std::string();
  const std::string name = std::to_string(++number_) + std::string(kSuffix);
  RESTATE_TRY_VOID(replace_file(files_, directory_, name, record));
  RESTATE_TRY(file_, files_.open(path_of(number_)));
  end_ = rewritten_size_ = record.size();
  if (!old.empty()) RESTATE_TRY_VOID(files_.unlink(old));
  return {};
}

}  // namespace

Result<std::unique_ptr<DurableSpace>> open_durable_space(const std::string& directory,
                                                         FileLayer* files,
                                                         Function<void(const Error&)> on_failure) {
  auto space = std::make_unique<JournaledSpace>(files != nullptr ? *files : posix_files(), directory,
                                                std::move(on_failure));
  RESTATE_TRY_VOID(space->open());
  return std::unique_ptr<DurableSpace>(std::move(space));
}

}  // namespace restate::storage
