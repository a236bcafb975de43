// The poor man's fuzzer, for builds without libFuzzer: seeded mutations of valid inputs. It finds
// what a careless index or length does, and runs in every test run.

#include "fuzz/fuzz.h"
#include "support/catch.h"

#include <random>

TEST_CASE("mutated inputs never crash the parser", "[fuzz]") {
  std::mt19937_64 random(20260101);
  const auto pick = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const auto run = [](const std::string& input) {
    // A copy of exactly this size, so that the sanitizer sees one step too far.
    const std::vector<std::uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  };
  const std::vector<std::string> seeds = fuzz_seeds();
  REQUIRE(!seeds.empty());
  for (const std::string& seed : seeds) {
    run(seed);
    for (int round = 0; round < 300; ++round) {
      std::string input = seed;
      for (std::size_t n = 1 + pick(4); n > 0; --n) {
        if (input.empty()) break;
        const std::size_t at = pick(input.size());
        switch (pick(5)) {
          case 0: input[at] = static_cast<char>(random()); break;
          case 1: input[at] = static_cast<char>(input[at] ^ (1 << pick(8))); break;
          case 2: input.resize(at); break;
          case 3: input.insert(at, input.substr(pick(input.size()), pick(16))); break;
          default: {
            const std::string& other = seeds[pick(seeds.size())];
            input.replace(at, std::string::npos, other, std::min(at, other.size()), std::string::npos);
          }
        }
      }
      run(input);
    }
  }
  SUCCEED();
}
