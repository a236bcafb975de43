#include "worker/copy_store.h"

#include "storage/file_layer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace restate::worker {
namespace {

constexpr std::string_view kPrefix = "lsn_";
constexpr std::string_view kSuffix = ".tables";
constexpr std::string_view kPart = "/new.part";
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

class FileWriter final : public CopyWriter {
 public:
  FileWriter(storage::FileLayer& files, std::string directory, std::unique_ptr<storage::File> file)
      : files_(files), directory_(std::move(directory)), file_(std::move(file)) {}

  Result<void> write(std::string_view bytes) override {
    RESTATE_TRY_VOID(file_->write(end_, {&bytes, 1}));
    end_ += bytes.size();
    return {};
  }
  Result<void> finish(std::uint64_t applied) override {
    RESTATE_TRY_VOID(file_->sync());
    file_.reset();
    const std::string name = directory_ + "/" + name_of(applied);
    RESTATE_TRY_VOID(files_.rename(directory_ + std::string(kPart), name));
    return files_.sync_directory(directory_);
  }

 private:
  storage::FileLayer& files_;
  const std::string directory_;
  std::unique_ptr<storage::File> file_;
  std::uint64_t end_ = 0;
};

class CopyDirectory final : public CopyStore {
 public:
  CopyDirectory(std::string directory, storage::FileLayer& files)
      : directory_(std::move(directory)), files_(files) {}

  Result<std::unique_ptr<CopyWriter>> create(PartitionId partition) override {
    std::string directory = directory_of(partition);
    RESTATE_TRY_VOID(files_.create_directories(directory));
    RESTATE_TRY(auto file, files_.create(directory + std::string(kPart)));
    return std::unique_ptr<CopyWriter>(
        std::make_unique<FileWriter>(files_, std::move(directory), std::move(file)));
  }

  Result<std::vector<std::uint64_t>> list(PartitionId partition) override {
    RESTATE_TRY_VOID(files_.create_directories(directory_of(partition)));
    RESTATE_TRY(const auto names, files_.list(directory_of(partition)));
    std::vector<std::uint64_t> found;
    for (const std::string& name : names) {
      if (const auto applied = applied_of(name)) found.push_back(*applied);
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

  const std::string directory_;
  storage::FileLayer& files_;
};

}  // namespace

std::unique_ptr<CopyStore> make_copy_directory(std::string directory, storage::FileLayer* files) {
  return std::make_unique<CopyDirectory>(std::move(directory),
                                         files != nullptr ? *files : storage::posix_files());
}

}  // namespace restate::worker
