#pragma once

/// \file
/// Conversations kept as text. With RESTATE_REWRITE_TRANSCRIPTS set, what happened is written over
/// what was expected; the diff is for the reviewer.

#include "support/catch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace restate::testing {

/// Compares `text` with test/transcripts/<name>.txt.
inline void check_transcript(const std::string& name, const std::string& text) {
  const std::filesystem::path path =
      std::filesystem::path(RESTATE_SOURCE_DIR) / "test" / "transcripts" / (name + ".txt");
  if (std::getenv("RESTATE_REWRITE_TRANSCRIPTS") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  INFO("transcript " << path.string() << "; set RESTATE_REWRITE_TRANSCRIPTS to accept what happened");
  CHECK(text == expected.str());
}

}  // namespace restate::testing
