#pragma once

/// \file
/// The file FORMAT says whose directory this is, and in which version: `restate log 1`.

#include "storage/file_layer.h"

#include <restate/function.h>
#include <restate/storage/store.h>

#include <optional>
#include <string>
#include <string_view>

namespace restate::storage {

/// Locks a directory and checks its stamp; creates and stamps it when it is new or empty. Touches
/// nothing of a directory that is not ours or too new. `on_locked` is called as soon as the lock is
/// held and the directory known to be ours.
Result<std::unique_ptr<FileLock>> claim_directory(FileLayer& files, const std::string& directory,
                                                  std::string_view what, unsigned long version,
                                                  Function<void()> on_locked = {});

/// Checks the text of a stamp that was read from `path`.
Result<void> check_stamp_text(const std::string& path, const std::string& text,
                              std::string_view what, unsigned long version);

std::string stamp_text(std::string_view what, unsigned long version);

/// The second line of a stamp: `owner node 1 cluster 00f1e2d3c4b5a697 localcluster`.
std::string owner_text(const StoreOwner& owner);
/// The owner that a stamp names. Nothing: it names none. `kCorrupt`: its line is none of ours.
Result<std::optional<StoreOwner>> owner_of_stamp(const std::string& path, const std::string& text);
/// `kFailedPrecondition`, naming both.
Error foreign_tables(const std::string& where, const StoreOwner& known, const StoreOwner& owner);

inline constexpr std::string_view kStampName = "FORMAT";

}  // namespace restate::storage
