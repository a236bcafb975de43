#include "storage/format_stamp.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace restate::storage {
namespace {

constexpr std::string_view kOwner = "owner node ";
constexpr std::string_view kCluster = " cluster ";

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

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

std::string owner_text(const StoreOwner& owner) {
  return std::string(kOwner) + std::to_string(owner.node.value) + std::string(kCluster) +
         hex(owner.fingerprint) + " " + owner.cluster + "\n";
}

Result<std::optional<StoreOwner>> owner_of_stamp(const std::string& path, const std::string& text) {
  const std::size_t second = text.find('\n');
  if (second == std::string::npos || second + 1 == text.size()) return std::optional<StoreOwner>();
  const std::string line = text.substr(second + 1, text.find('\n', second + 1) - second - 1);
  StoreOwner owner;
  const Error damaged{Code::kCorrupt, path + " does not say whose tables these are: '" + line + "'"};
  if (!line.starts_with(kOwner)) return damaged;
  const char* at = line.data() + kOwner.size();
  const char* const end = line.data() + line.size();
  auto number = std::from_chars(at, end, owner.node.value);
  if (number.ec != std::errc() || !std::string_view(number.ptr, end).starts_with(kCluster)) {
    return damaged;
  }
  at = number.ptr + kCluster.size();
  number = std::from_chars(at, end, owner.fingerprint, 16);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != ' ') return damaged;
  owner.cluster.assign(number.ptr + 1, end);
  return std::optional<StoreOwner>(std::move(owner));
}

Error foreign_tables(const std::string& where, const StoreOwner& known, const StoreOwner& owner) {
  const auto name = [](const StoreOwner& one) {
    return "node " + std::to_string(one.node.value) + " of cluster '" + one.cluster + "' (" +
           hex(one.fingerprint) + ")";
  };
  return {Code::kFailedPrecondition,
          "the tables " + where + " belong to " + name(known) + ", and " + name(owner) +
              " has no log for them: copy whole data directories only"};
}

Result<std::unique_ptr<FileLock>> claim_directory(FileLayer& files, const std::string& directory,
                                                  std::string_view what, unsigned long version,
                                                  Function<void()> on_locked) {
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
  }
  if (on_locked) on_locked();
  if (!stamped) RESTATE_TRY_VOID(replace_file(files, directory, stamp, stamp_text(what, version)));
  return lock;
}

}  // namespace restate::storage
