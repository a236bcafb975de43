#include "storage/memory/memory_files.h"

#include "runtime/split_mix.h"

#include <algorithm>

namespace restate::storage {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

class MemoryFiles::OpenFile final : public File {
 public:
  OpenFile(MemoryFiles& files, InodePtr inode, std::string path)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)), life_(files.life_) {}

  Result<void> write(std::uint64_t position, std::span<const std::string_view> pieces) override {
    const std::lock_guard lock(files_.mutex_);
    RESTATE_TRY_VOID(alive());
    RESTATE_TRY_VOID(files_.strike(files_.failing_write_, path_));
    for (const std::string_view piece : pieces) {
      RESTATE_TRY_VOID(grow(position + piece.size()));
      inode_->content.replace(position, piece.size(), piece);
      if (!piece.empty()) touch(position, position + piece.size());
      position += piece.size();
    }
    return files_.count_change(path_);
  }

  Result<std::size_t> read(std::uint64_t position, char* into, std::size_t size) const override {
    const std::lock_guard lock(files_.mutex_);
    RESTATE_TRY_VOID(alive());
    if (position >= inode_->content.size()) return std::size_t{0};
    return inode_->content.copy(into, size, position);
  }

  Result<void> sync() override {
    const std::lock_guard lock(files_.mutex_);
    RESTATE_TRY_VOID(alive());
    RESTATE_TRY_VOID(files_.strike(files_.failing_sync_, path_));
    RESTATE_TRY_VOID(files_.count_change(path_));
    ++files_.syncs_;
    if (files_.lies_about(path_)) return {};
    inode_->durable.resize(inode_->content.size());
    for (const std::uint64_t sector : inode_->dirty) {
      const std::uint64_t at = sector * kSector;
      if (at >= inode_->content.size()) continue;
      inode_->durable.replace(at, kSector, inode_->content, at, kSector);
    }
    inode_->dirty.clear();
    if (files_.journaled(path_)) files_.commit_names_of(*inode_);
    return {};
  }

  Result<void> allocate(std::uint64_t size) override {
    const std::lock_guard lock(files_.mutex_);
    RESTATE_TRY_VOID(alive());
    RESTATE_TRY_VOID(grow(size));
    return files_.count_change(path_);
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(files_.mutex_);
    RESTATE_TRY_VOID(alive());
    return std::uint64_t{inode_->content.size()};
  }

 private:
  Result<void> alive() const {
    if (life_ == files_.life_) return files_.powered(path_);
    return Error{Code::kFailed, path_ + " was open when the power failed"};
  }
  Result<void> grow(std::uint64_t size) {
    const std::uint64_t old = inode_->content.size();
    if (size <= old) return {};
    if (files_.used_ + (size - old) > files_.capacity_) {
      return Error{Code::kFailed, "writing " + path_ + ": the disk is full"};
    }
    files_.used_ += size - old;
    inode_->content.resize(size, '\0');
    return {};
  }
  void touch(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t sector = from / kSector; sector <= (to - 1) / kSector; ++sector) {
      inode_->dirty.insert(sector);
    }
  }

  MemoryFiles& files_;
  const InodePtr inode_;
  const std::string path_;
  const std::uint64_t life_;
};

class MemoryFiles::Lock final : public FileLock {
 public:
  Lock(MemoryFiles& files, std::string path)
      : files_(files), path_(std::move(path)), life_(files.life_) {}
  ~Lock() override {
    const std::lock_guard lock(files_.mutex_);
    if (life_ == files_.life_) files_.locks_.erase(path_);
  }

 private:
  MemoryFiles& files_;
  const std::string path_;
  const std::uint64_t life_;
};

void MemoryFiles::Inode::crash(Random& random) {
  const std::uint64_t mode = random.below(4);
  const std::uint64_t old_size = durable.size();
  // Appended: a prefix, as file systems write data before they make a file longer.
  std::uint64_t size = std::max<std::uint64_t>(old_size, content.size());
  if (content.size() > old_size) {
    if (mode == 0) size = old_size;
    if (mode >= 2) size = old_size + random.below(content.size() - old_size + 1);
  }
  std::string survived = durable;
  survived.resize(size, '\0');
  for (const std::uint64_t sector : dirty) {
    const std::uint64_t at = sector * kSector;
    if (at >= content.size() || at >= size) continue;
    // The sector at the old end is written together with what made the file longer.
    const bool overwritten = at < old_size && (at + kSector <= old_size || size == old_size);
    const bool kept = mode == 1 || !overwritten || (mode == 2 && random.below(8) != 0) ||
                      (mode == 3 && random.below(2) == 0);
    if (!kept) continue;
    const std::uint64_t length = std::min({kSector, content.size() - at, size - at});
    survived.replace(at, length, content, at, length);
  }
  durable = content = std::move(survived);
  dirty.clear();
}

void MemoryFiles::crash(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  SplitMix64 random(seed);
  const std::uint64_t mode = random.below(3);
  bool journal_ended = false;
  for (const NameChange& change : changes_) {
    const bool lost = mode == 0 || (mode == 1 && random.below(2) == 0);
    if (journaled(change.path)) journal_ended |= lost;
    if (journaled(change.path) ? journal_ended : lost) continue;
    apply(change, durable_names_);
  }
  changes_.clear();
  names_ = durable_names_;
  used_ = 0;
  std::set<Inode*> seen;
  for (auto& [path, inode] : names_) {
    if (!seen.insert(inode.get()).second) continue;
    inode->crash(random);
    used_ += inode->content.size();
  }
  locks_.clear();
  ++life_;
  capacity_ = UINT64_MAX;
  failing_write_ = failing_sync_ = changes_to_cut_ = 0;
  dark_ = false;
}

void MemoryFiles::fail_write(std::uint32_t nth) {
  const std::lock_guard lock(mutex_);
  failing_write_ = nth;
}

void MemoryFiles::fail_sync(std::uint32_t nth) {
  const std::lock_guard lock(mutex_);
  failing_sync_ = nth;
}

void MemoryFiles::cut_power(std::uint32_t nth) {
  const std::lock_guard lock(mutex_);
  changes_to_cut_ = nth;
}

bool MemoryFiles::dark() const {
  const std::lock_guard lock(mutex_);
  return dark_;
}

void MemoryFiles::journal_names(std::string below) {
  const std::lock_guard lock(mutex_);
  journaled_below_ = std::move(below);
}

void MemoryFiles::lie_about_syncs(std::string below) {
  const std::lock_guard lock(mutex_);
  lies_below_ = std::move(below);
}

void MemoryFiles::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

bool MemoryFiles::flip_bit(const std::string& path, std::uint64_t position) {
  const std::lock_guard lock(mutex_);
  auto found = names_.find(path);
  if (found == names_.end() || position >= found->second->content.size()) return false;
  Inode& inode = *found->second;
  inode.content[position] = static_cast<char>(inode.content[position] ^ 4);
  if (position < inode.durable.size()) {
    inode.durable[position] = static_cast<char>(inode.durable[position] ^ 4);
  }
  return true;
}

std::uint64_t MemoryFiles::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

bool MemoryFiles::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}

bool MemoryFiles::is_directory(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return directories_.contains(path);
}

Result<void> MemoryFiles::strike(std::uint32_t& countdown, const std::string& path) const {
  if (countdown == 0 || --countdown > 0) return {};
  return Error{Code::kFailed, path + ": the disk does not answer"};
}

Result<void> MemoryFiles::powered(const std::string& path) const {
  if (!dark_) return {};
  return Error{Code::kFailed, path + ": there is no power"};
}

Result<void> MemoryFiles::count_change(const std::string& path) {
  dark_ = changes_to_cut_ > 0 && --changes_to_cut_ == 0;
  return powered(path);
}

bool MemoryFiles::lies_about(const std::string& path) const {
  return !lies_below_.empty() && path.starts_with(lies_below_);
}

bool MemoryFiles::journaled(const std::string& path) const {
  return !journaled_below_.empty() && path.starts_with(journaled_below_);
}

void MemoryFiles::commit_names_of(const Inode& inode) {
  std::size_t last = changes_.size();
  while (last > 0 && changes_[last - 1].inode.get() != &inode) --last;
  std::vector<NameChange> rest;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (i < last && journaled(changes_[i].path)) {
      apply(changes_[i], durable_names_);
    } else {
      rest.push_back(std::move(changes_[i]));
    }
  }
  changes_ = std::move(rest);
}

void MemoryFiles::apply(const NameChange& change, std::map<std::string, InodePtr>& names) {
  if (!change.moved_from.empty()) names.erase(change.moved_from);
  if (change.inode != nullptr) {
    names[change.path] = change.inode;
  } else {
    names.erase(change.path);
  }
}

void MemoryFiles::change_name(NameChange change) {
  apply(change, names_);
  changes_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> MemoryFiles::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RESTATE_TRY_VOID(powered(path));
  if (!directories_.contains(directory_of(path))) {
    return Error{Code::kNotFound, "creating " + path + ": no such directory"};
  }
  auto inode = std::make_shared<Inode>();
  change_name({path, inode, {}});
  RESTATE_TRY_VOID(count_change(path));
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, inode, path));
}

Result<std::unique_ptr<File>> MemoryFiles::open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RESTATE_TRY_VOID(powered(path));
  auto found = names_.find(path);
  if (found == names_.end()) return Error{Code::kNotFound, "opening " + path + ": no such file"};
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, found->second, path));
}

Result<void> MemoryFiles::create_directories(const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    directories_.insert(path.substr(0, slash));
    if (slash == std::string::npos) return {};
  }
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  if (!directories_.contains(directory)) {
    return Error{Code::kNotFound, "listing " + directory + ": no such directory"};
  }
  std::vector<std::string> children;
  for (const auto& [path, inode] : names_) {
    if (directory_of(path) == directory) children.push_back(path.substr(directory.size() + 1));
  }
  return children;
}

Result<void> MemoryFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  RESTATE_TRY_VOID(powered(from));
  auto found = names_.find(from);
  if (found == names_.end()) return Error{Code::kNotFound, "renaming " + from + ": no such file"};
  change_name({to, found->second, from});
  return count_change(from);
}

Result<void> MemoryFiles::unlink(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RESTATE_TRY_VOID(powered(path));
  auto found = names_.find(path);
  if (found == names_.end()) return Error{Code::kNotFound, "removing " + path + ": no such file"};
  used_ -= std::min<std::uint64_t>(used_, found->second->content.size());
  change_name({path, nullptr, {}});
  return count_change(path);
}

Result<void> MemoryFiles::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RESTATE_TRY_VOID(powered(path));
  RESTATE_TRY_VOID(strike(failing_sync_, path));
  RESTATE_TRY_VOID(count_change(path));
  if (lies_about(path)) return {};
  for (const NameChange& change : changes_) {
    if (directory_of(change.path) == path) apply(change, durable_names_);
  }
  std::erase_if(changes_, [&](const NameChange& c) { return directory_of(c.path) == path; });
  return {};
}

Result<std::unique_ptr<FileLock>> MemoryFiles::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!locks_.insert(path).second) {
    return Error{Code::kAlreadyExists, path + " is held by another engine"};
  }
  return std::unique_ptr<FileLock>(std::make_unique<Lock>(*this, path));
}

}  // namespace restate::storage
