#pragma once

/// \file
/// The file FORMAT says whose directory this is, and in which version: `restate log 1`.

#include "storage/file_layer.h"

#include <string>
#include <string_view>

namespace restate::storage {

/// Locks a directory and checks its stamp; creates and stamps it when it is new or empty. Touches
/// nothing of a directory that is not ours or too new.
Result<std::unique_ptr<FileLock>> claim_directory(FileLayer& files, const std::string& directory,
                                                  std::string_view what, unsigned long version);

/// Checks the text of a stamp that was read from `path`.
Result<void> check_stamp_text(const std::string& path, const std::string& text,
                              std::string_view what, unsigned long version);

std::string stamp_text(std::string_view what, unsigned long version);

inline constexpr std::string_view kStampName = "FORMAT";

}  // namespace restate::storage
