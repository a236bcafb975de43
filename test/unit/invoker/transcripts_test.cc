#include "stage.h"
#include "support/catch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

// A transcript is a list of stories. A story is a comment, lines for the stage, `----`, and what
// happened, up to an empty line. With RESTATE_REWRITE_TRANSCRIPTS set in the environment the answers
// are written anew: read the diff.

using restate::invoker::testing::Stage;

namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The transcript with the answers that the stage gives now.
std::string replay(const std::string& transcript) {
  Stage stage;
  std::istringstream in(transcript);
  std::string line, out;
  bool answer = false;
  while (std::getline(in, line)) {
    if (answer) {
      if (!line.empty()) continue;
      answer = false;
    }
    out += line + "\n";
    if (line == "----") {
      out += stage.log();
      answer = true;
    } else {
      stage.run(line);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("transcripts of attempts", "[invoker][transcripts]") {
  const std::filesystem::path folder =
      std::filesystem::path(RESTATE_SOURCE_DIR) / "test/transcripts/invoker";
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string recorded = slurp(file);
    const std::string now = replay(recorded);
    if (std::getenv("RESTATE_REWRITE_TRANSCRIPTS") != nullptr) {
      std::ofstream(file) << now;
      continue;
    }
    INFO(file.filename().string());
    CHECK(now == recorded);
  }
}
