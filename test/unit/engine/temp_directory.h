#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace restate::test {

/// A directory that goes with the test.
struct TempDirectory {
  TempDirectory() {
    path = (std::filesystem::temp_directory_path() / "restate-engine-XXXXXX").string();
    path = mkdtemp(path.data());
  }
  ~TempDirectory() { std::filesystem::remove_all(path); }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  std::string path;
};

}  // namespace restate::test
