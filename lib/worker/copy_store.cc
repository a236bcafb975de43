#include "worker/copy_store.h"

#include "storage/file_layer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace restate::worker {
namespace {

constexpr std::string_view kPrefix = "lsn_";
constexpr std::string_view kSuffix = ".tables";
constexpr std::string_view kDraftPrefix = "new_";
constexpr std::string_view kDraftSuffix = ".part";
constexpr std::size_t kMostDrafts = 16;
constexpr std::size_t kDigits = 20;
constexpr std::size_t kReadBytes = 256u << 10;

std::string name_of(std::uint64_t applied) {
  const std::string digits = std::to_string(applied);
  return std::string(kPrefix) + std::string(kDigits - digits.size(), '0') + digits +
         std::string(kSuffix);
}

/// Nothing for what is no copy.
std::optional<std::uint64_t> applied_of(std::string_view name) {
  if (name.size() != kPrefix.size() + kDigits + kSuffix.size()) return std::nullopt;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name = name.substr(kPrefix.size(), kDigits);
  std::uint64_t applied = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), applied);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return applied;
}

/// Names for files that are being written, so that no two writers share one. Whoever holds a number
/// may write to, and remove, the file of that name of any partition. Any thread.
class Drafts {
 public:
  static std::string name_of(std::size_t number) {
    return std::string(kDraftPrefix) + std::to_string(number) + std::string(kDraftSuffix);
  }
  /// Nothing: they are all held.
  std::optional<std::size_t> take_any() {
    for (std::size_t number = 0; number < kMostDrafts; ++number) {
      if (take(number)) return number;
    }
    return std::nullopt;
  }
  bool take(std::size_t number) { return !held_[number].test_and_set(); }
  void give_back(std::size_t number) { held_[number].clear(); }

 private:
  std::array<std::atomic_flag, kMostDrafts> held_;
};

class FileWriter final : public CopyWriter {
 public:
  /// Takes over the `number` of the draft.
  FileWriter(storage::FileLayer& files, std::string directory, std::shared_ptr<Drafts> drafts,
             std::size_t number)
      : files_(files), directory_(std::move(directory)), drafts_(std::move(drafts)), number_(number) {}
  ~FileWriter() override {
    file_.reset();
    // If it stays, it goes when somebody looks for copies.
    if (!finished_) static_cast<void>(files_.unlink(draft()));
    drafts_->give_back(number_);
  }

  Result<void> open() {
    RESTATE_TRY(file_, files_.create(draft()));
    return {};
  }

  Result<void> write(std::string_view bytes) override {
    RESTATE_TRY_VOID(file_->write(end_, {&bytes, 1}));
    end_ += bytes.size();
    return {};
  }
  Result<void> finish(std::uint64_t applied) override {
    RESTATE_TRY_VOID(file_->sync());
    file_.reset();
    const std::string name = directory_ + "/" + name_of(applied);
    RESTATE_TRY_VOID(files_.rename(draft(), name));
    finished_ = true;
    return files_.sync_directory(directory_);
  }

 private:
  std::string draft() const { return directory_ + "/" + Drafts::name_of(number_); }

  storage::FileLayer& files_;
  const std::string directory_;
  const std::shared_ptr<Drafts> drafts_;  ///< a copy that nobody wants any more may outlive the store
  const std::size_t number_;
  std::unique_ptr<storage::File> file_;
  std::uint64_t end_ = 0;
  bool finished_ = false;
};

class CopyDirectory final : public CopyStore {
 public:
  CopyDirectory(std::string directory, storage::FileLayer& files)
      : directory_(std::move(directory)), files_(files) {}

  Result<std::unique_ptr<CopyWriter>> create(PartitionId partition) override {
    std::string directory = directory_of(partition);
    RESTATE_TRY_VOID(files_.create_directories(directory));
    const auto number = drafts_->take_any();
    if (!number) return Error{Code::kOverloaded, "too many copies of tables are being written"};
    auto writer = std::make_unique<FileWriter>(files_, std::move(directory), drafts_, *number);
    RESTATE_TRY_VOID(writer->open());
    return std::unique_ptr<CopyWriter>(std::move(writer));
  }

  Result<std::vector<std::uint64_t>> list(PartitionId partition) override {
    RESTATE_TRY_VOID(files_.create_directories(directory_of(partition)));
    RESTATE_TRY(const auto names, files_.list(directory_of(partition)));
    std::vector<std::uint64_t> found;
    for (const std::string& name : names) {
      if (const auto applied = applied_of(name)) found.push_back(*applied);
      if (name.ends_with(kDraftSuffix)) remove_left_over(partition, name);
    }
    std::sort(found.rbegin(), found.rend());
    return found;
  }

  Result<CopySource> open(PartitionId partition, std::uint64_t applied) override {
    RESTATE_TRY(auto opened, files_.open(directory_of(partition) + "/" + name_of(applied)));
    return CopySource([file = std::shared_ptr<storage::File>(std::move(opened)),
                       at = std::uint64_t{0}]() mutable -> Result<Bytes> {
      std::string bytes(kReadBytes, '\0');
      RESTATE_TRY(const std::size_t size, file->read(at, bytes.data(), bytes.size()));
      bytes.resize(size);
      at += size;
      return Bytes(std::move(bytes));
    });
  }

  Result<void> remove(PartitionId partition, std::uint64_t applied) override {
    RESTATE_TRY_VOID(files_.unlink(directory_of(partition) + "/" + name_of(applied)));
    return files_.sync_directory(directory_of(partition));
  }

 private:
  std::string directory_of(PartitionId partition) const {
    return directory_ + "/" + std::to_string(partition.value);
  }

  /// Removes a draft unless somebody writes it: of a process that died, or of a disk that refused.
  void remove_left_over(PartitionId partition, const std::string& name) {
    std::size_t number = 0;
    while (number < kMostDrafts && Drafts::name_of(number) != name) ++number;
    if (number < kMostDrafts && !drafts_->take(number)) return;
    static_cast<void>(files_.unlink(directory_of(partition) + "/" + name));
    if (number < kMostDrafts) drafts_->give_back(number);
  }

  const std::string directory_;
  storage::FileLayer& files_;
  const std::shared_ptr<Drafts> drafts_ = std::make_shared<Drafts>();
};

}  // namespace

std::unique_ptr<CopyStore> make_copy_directory(std::string directory, storage::FileLayer* files) {
  return std::make_unique<CopyDirectory>(std::move(directory),
                                         files != nullptr ? *files : storage::posix_files());
}

}  // namespace restate::worker
