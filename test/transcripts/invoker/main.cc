// transcripts_invoker <folder> [--rewrite]: plays every *.txt of the folder and compares.

#include "unit/invoker/stage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using restate::invoker::testing::Stage;

/// The transcript with the answers that the stage gives now.
std::string play(const std::string& transcript) {
  Stage stage;
  std::istringstream in(transcript);
  std::string line, out;
  bool answer = false;
  while (std::getline(in, line)) {
    if (answer && !line.empty()) continue;
    answer = line == "----";
    out += line + "\n";
    if (answer) {
      out += stage.log();
    } else {
      stage.run(line);
    }
  }
  return out;
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  const bool rewrite = argc > 2 && std::string(argv[2]) == "--rewrite";
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().filename() == "CMakeLists.txt") continue;
    if (file.path().extension() == ".txt") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  int failures = 0;
  for (const auto& file : files) {
    const std::string expected = slurp(file);
    const std::string seen = play(expected);
    if (seen == expected) continue;
    if (rewrite) {
      std::ofstream(file) << seen;
      std::cout << "rewrote " << file.filename().string() << "\n";
      continue;
    }
    ++failures;
    std::cout << file.filename().string() << " differs; seen:\n" << seen << "\n";
  }
  std::cout << files.size() << " transcripts, " << failures << " differ\n";
  return failures == 0 && !files.empty() ? 0 : 1;
}
