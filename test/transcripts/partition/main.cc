// transcripts_partition <folder> [--rewrite]: runs every *.txt of the folder and compares.

#include "script.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

// Comments and blank lines stay; a block is its commands, `----`, and what came of it.
std::string play(std::istream& in) {
  restate::testing::Script script;
  std::string out;
  std::string line;
  std::vector<std::string> commands;
  bool expecting = false;
  const auto finish_block = [&] {
    if (commands.empty()) return;
    for (const auto& command : commands) out += command + "\n";
    out += "----\n" + script.run(commands);
    commands.clear();
    expecting = false;
  };
  while (std::getline(in, line)) {
    if (line.empty()) {
      finish_block();
      out += "\n";
    } else if (line[0] == '#') {
      out += line + "\n";
    } else if (line == "----") {
      expecting = true;
    } else if (!expecting) {
      commands.push_back(line);
    }
  }
  finish_block();
  return out;
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
    std::ifstream in(file);
    std::stringstream expected;
    expected << in.rdbuf();
    std::istringstream script(expected.str());
    const std::string seen = play(script);
    if (seen == expected.str()) continue;
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
