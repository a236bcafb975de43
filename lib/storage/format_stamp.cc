#include "storage/format_stamp.h"

#include <algorithm>
#include <cstdlib>

namespace restate::storage {
namespace {

std::string start_of(std::string_view what) { return "restate " + std::string(what) + " "; }

}  // namespace

std::string stamp_text(std::string_view what, unsigned long version) {
  return start_of(what) + std::to_string(version) + "\n";
}

Result<void> check_stamp_text(const std::string& path, const std::string& text,
                              std::string_view what, unsigned long version) {
  const std::string start = start_of(what);
  if (!text.starts_with(start)) {
    return Error{Code::kFailedPrecondition, path + " is not the stamp of a " + std::string(what)};
  }
  const unsigned long found = std::strtoul(text.c_str() + start.size(), nullptr, 10);
  if (found == 0 || found > version) {
    return Error{Code::kUnsupported, path + " says '" + text.substr(0, text.find('\n')) +
                                         "'; this program reads up to version " +
                                         std::to_string(version)};
  }
  return {};
}

Result<std::unique_ptr<FileLock>> claim_directory(FileLayer& files, const std::string& directory,
                                                  std::string_view what, unsigned long version) {
  const std::string stamp(kStampName);
  RESTATE_TRY_VOID(files.create_directories(directory));
  RESTATE_TRY(const auto names, files.list(directory));
  const bool stamped = std::find(names.begin(), names.end(), stamp) != names.end();
  for (const std::string& name : names) {
    if (stamped || name == "LOCK" || name == stamp + ".new") continue;
    return Error{Code::kFailedPrecondition,
                 directory + " holds files (" + name + ") but is no " + std::string(what)};
  }
  RESTATE_TRY(auto lock, files.lock(directory + "/LOCK"));
  if (stamped) {
    const std::string path = directory + "/" + stamp;
    RESTATE_TRY(const std::string text, read_file(files, path));
    RESTATE_TRY_VOID(check_stamp_text(path, text, what, version));
  } else {
    RESTATE_TRY_VOID(replace_file(files, directory, stamp, stamp_text(what, version)));
  }
  return lock;
}

}  // namespace restate::storage
