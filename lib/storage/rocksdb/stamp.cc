#include "storage/rocksdb/stamp.h"

#include "storage/file_layer.h"
#include "storage/format_stamp.h"
#include "storage/rocksdb/status.h"

#include <vector>

namespace restate::storage {
namespace {

constexpr std::string_view kWhat = "partition store";
constexpr unsigned long kVersion = 1;

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

}  // namespace

Result<void> check_stamp(rocksdb::Env& env, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kStampName);
  std::string text;
  if (env.FileExists(path).ok()) {
    const auto status = rocksdb::ReadFileToString(&env, path, &text);
    if (!status.ok()) return error_of(status, "reading " + path);
    return check_stamp_text(path, text, kWhat, kVersion);
  }
  RESTATE_TRY_VOID(create_directories(env, directory));
  std::vector<std::string> children;
  const auto status = env.GetChildren(directory, &children);
  if (!status.ok()) return error_of(status, "listing " + directory);
  for (const std::string& child : children) {
    if (child == "." || child == ".." || child == std::string(kStampName) + ".new") continue;
    return Error{Code::kFailedPrecondition,
                 directory + " holds files (" + child + ") but is no partition store"};
  }
  return write_stamp(env, directory, path, stamp_text(kWhat, kVersion));
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
