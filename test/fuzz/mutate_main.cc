// The poor man's fuzzer, for builds without libFuzzer: seeded mutations of valid inputs. It finds
// what a careless index or length does, and runs in every test run. With FUZZ_SECONDS in the
// environment it goes on that long, each time elsewhere unless FUZZ_SEED says where.

#include "fuzz/fuzz.h"
#include "support/catch.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace {

/// A program is named after its parser.
std::string program() { return std::filesystem::read_symlink("/proc/self/exe").filename(); }

/// What the parser's author thought of, and what was recorded or found since.
std::vector<std::string> all_seeds() {
  std::vector<std::string> seeds = fuzz_seeds();
  const std::filesystem::path corpus = RESTATE_SOURCE_DIR "/test/fuzz/corpus/" + program();
  if (!std::filesystem::exists(corpus)) return seeds;
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(corpus)) files.push_back(file.path());
  std::sort(files.begin(), files.end());  // a seed means the same run everywhere
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

class Mutations {
 public:
  Mutations(std::uint64_t seed, const std::vector<std::string>& seeds)
      : random_(seed), seeds_(seeds) {}

  std::string of(std::string input) {
    for (std::size_t n = 1 + pick(4); n > 0 && !input.empty(); --n) {
      const std::size_t at = pick(input.size());
      switch (pick(6)) {
        case 0: input[at] = static_cast<char>(random_()); break;
        case 1: input[at] = static_cast<char>(input[at] ^ (1 << pick(8))); break;
        case 2: input.resize(at); break;
        case 3: input.insert(at, input.substr(pick(input.size()), pick(16))); break;
        case 4: input.erase(at, 1 + pick(8)); break;
        default: {
          const std::string& other = seeds_[pick(seeds_.size())];
          input.replace(at, std::string::npos, other, std::min(at, other.size()), std::string::npos);
        }
      }
    }
    return input;
  }

 private:
  std::size_t pick(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  std::mt19937_64 random_;
  const std::vector<std::string>& seeds_;
};

std::string last_input;

/// A parser that gives up does so without a word; the input is what one needs to know.
void keep_last_input(int) {
  const std::string file = "crash-" + program();
  std::ofstream(file, std::ios::binary) << last_input;
  std::fprintf(stderr, "the input is in ./%s\n", file.c_str());
  std::_Exit(134);
}

void run(const std::string& input) {
  last_input = input;
  // A copy of exactly this size, so that the sanitizer sees one step too far.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

TEST_CASE("mutated inputs never crash the parser", "[fuzz]") {
  std::signal(SIGABRT, keep_last_input);
  const std::vector<std::string> seeds = all_seeds();
  REQUIRE(!seeds.empty());
  for (const std::string& seed : seeds) run(seed);
  Mutations mutations(20260101, seeds);
  for (const std::string& seed : seeds) {
    for (int round = 0; round < 300; ++round) run(mutations.of(seed));
  }
  if (const char* seconds = std::getenv("FUZZ_SECONDS")) {
    const char* given = std::getenv("FUZZ_SEED");
    const std::uint64_t from = given != nullptr ? std::strtoull(given, nullptr, 10)
                                                : std::random_device{}();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(seconds));
    Mutations more(from, seeds);
    std::uint64_t runs = 0;
    while (std::chrono::steady_clock::now() < end) {
      for (const std::string& seed : seeds) run(more.of(seed));
      runs += seeds.size();
    }
    std::printf("FUZZ_SEED=%llu: %llu inputs\n", static_cast<unsigned long long>(from),
                static_cast<unsigned long long>(runs));
  }
  SUCCEED();
}
