#include "storage/rocksdb/stamp.h"

#include "storage/file_layer.h"
#include "storage/format_stamp.h"
#include "storage/rocksdb/status.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace restate::storage {
namespace {

constexpr std::string_view kWhat = "partition store";
constexpr unsigned long kVersion = 1;
constexpr std::string_view kLock = "LOCK";  ///< RocksDB's

rocksdb::Status sync_directory(rocksdb::Env& env, const std::string& directory) {
  std::unique_ptr<rocksdb::Directory> handle;
  const auto status = env.NewDirectory(directory, &handle);
  return status.ok() ? handle->Fsync() : status;
}

Result<void> create_directories(rocksdb::Env& env, const std::string& directory) {
  for (std::size_t slash = directory.find('/', 1);; slash = directory.find('/', slash + 1)) {
    const std::string path = directory.substr(0, slash);
    if (!env.FileExists(path).ok()) {
      auto status = env.CreateDirIfMissing(path);
      if (status.ok()) status = sync_directory(env, parent_of(path));
      if (!status.ok()) return error_of(status, "creating " + path);
    }
    if (slash == std::string::npos) return {};
  }
}

Result<void> write_stamp(rocksdb::Env& env, const std::string& directory, const std::string& path,
                         const std::string& text) {
  const std::string draft = path + ".new";
  auto status = rocksdb::WriteStringToFile(&env, text, draft, true);
  if (status.ok()) status = env.RenameFile(draft, path);
  if (status.ok()) status = sync_directory(env, directory);
  if (!status.ok()) return error_of(status, "writing " + path);
  return {};
}

/// True for what a database without rows consists of. Of a log, which we never write, nothing but its
/// name.
bool may_be_left_over(rocksdb::Env& env, const std::string& directory, std::string_view name) {
  if (name.ends_with(".log")) {
    std::uint64_t bytes = 1;
    return env.GetFileSize(directory + "/" + std::string(name), &bytes).ok() && bytes == 0;
  }
  return name == "CURRENT" || name == "IDENTITY" || name == kLock || name.starts_with("LOG") ||
         name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         name.ends_with(".dbtmp") || name == std::string(kStampName) + ".new";
}

Result<void> remove_left_over(rocksdb::Env& env, const std::string& directory,
                              const std::vector<std::string>& names) {
  rocksdb::FileLock* lock = nullptr;
  const auto locked = env.LockFile(directory + "/" + std::string(kLock), &lock);
  if (!locked.ok()) {
    return Error{Code::kAlreadyExists,
                 directory + " is in use by another engine: " + locked.ToString()};
  }
  Result<void> outcome;
  for (const std::string& name : names) {
    if (name == kLock || !outcome) continue;
    if (const auto status = env.DeleteFile(directory + "/" + name); !status.ok()) {
      outcome = error_of(status, "removing " + directory + "/" + name);
    }
  }
  static_cast<void>(env.UnlockFile(lock));
  return outcome;
}

}  // namespace

Result<bool> check_stamp(rocksdb::Env& env, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kStampName);
  std::string text;
  if (env.FileExists(path).ok()) {
    const auto status = rocksdb::ReadFileToString(&env, path, &text);
    if (!status.ok()) return error_of(status, "reading " + path);
    RESTATE_TRY_VOID(check_stamp_text(path, text, kWhat, kVersion));
    return false;
  }
  RESTATE_TRY_VOID(create_directories(env, directory));
  std::vector<std::string> children;
  const auto status = env.GetChildren(directory, &children);
  if (!status.ok()) return error_of(status, "listing " + directory);
  std::erase_if(children, [](const std::string& child) { return child == "." || child == ".."; });
  for (const std::string& child : children) {
    if (may_be_left_over(env, directory, child)) continue;
    return Error{Code::kFailedPrecondition,
                 directory + " holds files (" + child + ") but is no partition store"};
  }
  if (!children.empty()) RESTATE_TRY_VOID(remove_left_over(env, directory, children));
  return true;
}

Result<void> sync_names(rocksdb::Env& env, const std::string& directory) {
  const auto status = sync_directory(env, directory);
  if (!status.ok()) return error_of(status, "syncing " + directory);
  return {};
}

Result<void> stamp_new(rocksdb::Env& env, const std::string& directory,
                       const std::optional<StoreOwner>& owner) {
  std::string text = stamp_text(kWhat, kVersion);
  if (owner) text += owner_text(*owner);
  return write_stamp(env, directory, directory + "/" + std::string(kStampName), text);
}

Result<void> claim_stamp(rocksdb::Env& env, const std::string& directory,
                         const StoreOwner& owner) {
  const std::string path = directory + "/" + std::string(kStampName);
  std::string text;
  const auto status = rocksdb::ReadFileToString(&env, path, &text);
  if (!status.ok()) return error_of(status, "reading " + path);
  RESTATE_TRY(const auto known, owner_of_stamp(path, text));
  if (!known) return write_stamp(env, directory, path, text + owner_text(owner));
  if (*known == owner) return {};
  return foreign_tables("in '" + directory + "'", *known, owner);
}

}  // namespace restate::storage
