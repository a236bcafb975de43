#pragma once

// What every `storage::LogStore` must do, checked with random operations against a model that knows
// which appends were acknowledged.

#include "conformance/stage.h"
#include "runtime/split_mix.h"

#include <restate/storage/log_store.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::testing {

class LogStage : public Stage {
 public:
  virtual storage::LogStore& log() = 0;
  /// Destroys the store in order and opens it again.
  virtual void reopen() = 0;
  /// The process dies with the power, whatever is under way; then the store opens again.
  virtual void crash(std::uint64_t seed) = 0;

  Result<void> append(storage::LogletKey key, std::uint32_t first,
                      const std::vector<std::string>& records) {
    return wait<void>([&](Completion<void> done) {
      log().append({key, first, std::vector<Bytes>(records.begin(), records.end())},
                   std::move(done));
    });
  }
  Result<storage::LogletState> seal(storage::LogletKey key) {
    return wait<storage::LogletState>(
        [&](Completion<storage::LogletState> done) { log().seal(key, std::move(done)); });
  }
  Result<storage::LogletState> trim(storage::LogletKey key, std::uint32_t upto) {
    return wait<storage::LogletState>(
        [&](Completion<storage::LogletState> done) { log().trim(key, upto, std::move(done)); });
  }
  Result<storage::LogletState> state(storage::LogletKey key) {
    return wait<storage::LogletState>(
        [&](Completion<storage::LogletState> done) { log().state(key, std::move(done)); });
  }
  Result<void> remove(storage::LogletKey key) {
    return wait<void>([&](Completion<void> done) { log().remove(key, std::move(done)); });
  }
  Result<storage::LogRead> read(storage::LogletKey key, std::uint32_t from, std::size_t max_bytes) {
    return wait<storage::LogRead>([&](Completion<storage::LogRead> done) {
      log().read(key, from, max_bytes, std::move(done));
    });
  }
  /// All records of a loglet, read in bites.
  std::vector<std::string> read_all(storage::LogletKey key, std::uint32_t from,
                                    std::size_t max_bytes = 1000) {
    std::vector<std::string> records;
    while (true) {
      const auto next = from + static_cast<std::uint32_t>(records.size());
      auto bite = read(key, next, max_bytes);
      REQUIRE(bite);
      CHECK(bite->first == next);
      if (bite->records.empty()) return records;
      for (const Bytes& record : bite->records) records.push_back(record.str());
    }
  }
};

/// Keeps many calls in flight and knows, per loglet, what must and what may be there after a crash.
class LogModel {
 public:
  LogModel(LogStage& stage, std::uint64_t seed, std::uint64_t crashes_per_mille = 30)
      : stage_(stage), random_(seed), crashes_per_mille_(crashes_per_mille) {
    for (std::uint64_t i = 0; i < kLoglets; ++i) {
      loglets_[{(i << 32) + 1}];
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      CAPTURE(i);
      step();
    }
    settle();
    for (auto& [key, loglet] : loglets_) check_loglet(key, loglet);
  }

 private:
  static constexpr std::uint64_t kLoglets = 4;

  struct Loglet {
    // What was asked for, in order; everything up to `acknowledged` must survive.
    std::vector<std::string> records;  ///< from offset 1 on, trimmed ones included
    std::uint32_t acknowledged = 0;    ///< the last acknowledged offset
    std::uint32_t asked_trim = 0;
    std::uint32_t acknowledged_trim = 0;
    bool asked_seal = false;
    bool acknowledged_seal = false;

    std::uint32_t next() const { return static_cast<std::uint32_t>(records.size()) + 1; }
  };

  void step() {
    if (random_.below(1000) < crashes_per_mille_) return crash();
    const std::uint64_t dice = random_.below(1000);
    auto at = loglets_.begin();
    std::advance(at, random_.below(kLoglets));
    auto& [key, loglet] = *at;
    if (dice < 600) return append(key, loglet);
    if (dice < 700) return settle();
    if (dice < 760) return trim(key, loglet);
    if (dice < 770) return seal(key, loglet);
    if (dice < 800) return append_wrong(key, loglet);
    if (dice < 930) return settle(), check_loglet(key, loglet);
    if (dice < 950) return remove(key, loglet);
    if (dice < 970) return settle(), stage_.reopen(), check_all();
  }

  std::string some_record() {
    const std::uint64_t size = random_.below(20) == 0 ? random_.below(6000) : random_.below(100);
    return std::string(size, static_cast<char>('a' + random_.below(26)));
  }

  template <class T>
  Completion<T> expect(Function<void(Result<T>)> check) {
    ++in_flight_;
    return Completion<T>(stage_.shard(),
                         [this, life = life_, check = std::move(check)](Result<T> result) mutable {
                           if (life != life_) return;  // of a store that crashed since
                           --in_flight_;
                           check(std::move(result));
                         });
  }

  void append(storage::LogletKey key, Loglet& loglet) {
    storage::LogAppend append{key, loglet.next(), {}};
    const std::uint64_t count = 1 + random_.below(4);
    std::vector<std::string> records;
    for (std::uint64_t i = 0; i < count; ++i) records.push_back(some_record());
    for (const std::string& record : records) append.records.emplace_back(record);
    const bool sealed = loglet.asked_seal;
    if (!sealed) loglet.records.insert(loglet.records.end(), records.begin(), records.end());
    const std::uint32_t last = loglet.next() - 1;
    stage_.log().append(std::move(append), expect<void>([&loglet, sealed, last](auto result) {
                          if (sealed) {
                            CHECK(result == Code::kSealed);
                            return;
                          }
                          REQUIRE(result);
                          CHECK(last > loglet.acknowledged);  // in order
                          loglet.acknowledged = last;
                        }));
  }

  void append_wrong(storage::LogletKey key, Loglet& loglet) {
    if (loglet.asked_seal) return;
    storage::LogAppend append{key, loglet.next() + 1, {Bytes("never")}};
    stage_.log().append(std::move(append),
                        expect<void>([](auto result) { CHECK(result == Code::kInvalidArgument); }));
  }

  void trim(storage::LogletKey key, Loglet& loglet) {
    const auto upto = static_cast<std::uint32_t>(random_.below(loglet.next() + 2));
    loglet.asked_trim = std::max(loglet.asked_trim, std::min(upto, loglet.next() - 1));
    const std::uint32_t expected = loglet.asked_trim;
    stage_.log().trim(key, upto, expect<storage::LogletState>([&loglet, expected](auto result) {
                        REQUIRE(result);
                        CHECK(result->trim_point >= expected);
                        loglet.acknowledged_trim = std::max(loglet.acknowledged_trim, expected);
                      }));
  }

  void seal(storage::LogletKey key, Loglet& loglet) {
    loglet.asked_seal = true;
    const std::uint32_t next = loglet.next();
    stage_.log().seal(key, expect<storage::LogletState>([&loglet, next](auto result) {
                        REQUIRE(result);
                        CHECK(result->sealed);
                        CHECK(result->next == next);
                        CHECK(loglet.acknowledged + 1 == next);
                        loglet.acknowledged_seal = true;
                      }));
  }

  void remove(storage::LogletKey key, Loglet& loglet) {
    settle();
    REQUIRE(stage_.remove(key));
    loglet = Loglet{};
    check_loglet(key, loglet);
  }

  /// Waits for every answer.
  void settle() {
    stage_.run_until([this] { return in_flight_ == 0; });
  }

  void check_all() {
    for (auto& [key, loglet] : loglets_) check_loglet(key, loglet);
  }

  void check_loglet(storage::LogletKey key, Loglet& loglet) {
    auto state = stage_.state(key);
    REQUIRE(state);
    CHECK(state->next == loglet.next());
    CHECK(state->trim_point == loglet.asked_trim);
    CHECK(state->sealed == loglet.asked_seal);
    check_records(key, loglet);
  }

  void check_records(storage::LogletKey key, const Loglet& loglet) {
    if (loglet.asked_trim > 0) {
      CHECK(stage_.read(key, loglet.asked_trim, 10) == Code::kTrimmed);
    }
    const std::vector<std::string> kept(
        loglet.records.begin() + static_cast<std::ptrdiff_t>(loglet.asked_trim),
        loglet.records.end());
    REQUIRE(stage_.read_all(key, loglet.asked_trim + 1, 1 + random_.below(9000)) == kept);
  }

  void crash() {
    ++life_;
    in_flight_ = 0;
    stage_.crash(random_.next());
    for (auto& [key, loglet] : loglets_) {
      CAPTURE(key.value);
      auto state = stage_.state(key);
      REQUIRE(state);
      REQUIRE(state->next > loglet.acknowledged);
      REQUIRE(state->next <= loglet.next());
      CHECK(state->trim_point >= loglet.acknowledged_trim);
      CHECK(state->trim_point <= loglet.asked_trim);
      if (loglet.acknowledged_seal) CHECK(state->sealed);
      if (!loglet.asked_seal) CHECK_FALSE(state->sealed);
      loglet.records.resize(state->next - 1);
      loglet.acknowledged = state->next - 1;
      loglet.asked_trim = loglet.acknowledged_trim = state->trim_point;
      loglet.asked_seal = loglet.acknowledged_seal = state->sealed;
      check_records(key, loglet);
    }
  }

  LogStage& stage_;
  SplitMix64 random_;
  const std::uint64_t crashes_per_mille_;
  std::map<storage::LogletKey, Loglet> loglets_;
  int in_flight_ = 0;
  int life_ = 0;
};

using MakeLogStage = std::function<std::unique_ptr<LogStage>(std::uint64_t seed)>;

inline void log_store_suite(const MakeLogStage& make, std::uint64_t first_seed, int seeds,
                            int steps) {
  const storage::LogletKey log{(std::uint64_t{3} << 32) + 1};

  SECTION("a log store behaves like its model") {
    for (int i = 0; i < seeds; ++i) {
      const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
      CAPTURE(seed);
      auto stage = make(seed);
      LogModel(*stage, seed).run(steps);
    }
  }

  SECTION("a loglet nobody wrote to is empty") {
    auto stage = make(first_seed);
    CHECK(stage->state(log) == storage::LogletState{1, 0, false});
    CHECK(stage->read_all(log, 1).empty());
    CHECK(stage->trim(log, 100) == storage::LogletState{1, 0, false});
  }

  SECTION("what was appended is read back, also by the next process") {
    auto stage = make(first_seed);
    REQUIRE(stage->append(log, 1, {"a", "", std::string(100000, 'x')}));
    REQUIRE(stage->append(log, 4, {"d"}));
    const std::vector<std::string> all{"a", "", std::string(100000, 'x'), "d"};
    CHECK(stage->read_all(log, 1) == all);
    CHECK(stage->read_all(log, 4) == std::vector<std::string>{"d"});
    stage->reopen();
    CHECK(stage->read_all(log, 1) == all);
  }

  SECTION("a read returns at least one record, and no more than was asked for") {
    auto stage = make(first_seed);
    REQUIRE(stage->append(log, 1, {"12345", "12345", "12345"}));
    auto one = stage->read(log, 1, 1);
    REQUIRE(one);
    CHECK(one->records.size() == 1);
    auto two = stage->read(log, 1, 14);
    REQUIRE(two);
    CHECK(two->records.size() == 2);
    auto three = stage->read(log, 1, 15);
    REQUIRE(three);
    CHECK(three->records.size() == 3);
  }

  SECTION("appends must continue where the loglet ends") {
    auto stage = make(first_seed);
    CHECK(stage->append(log, 2, {"b"}) == Code::kInvalidArgument);
    REQUIRE(stage->append(log, 1, {"a"}));
    CHECK(stage->append(log, 1, {"a"}) == Code::kInvalidArgument);
    CHECK(stage->state(log) == storage::LogletState{2, 0, false});
  }

  SECTION("a seal comes after the appends before it and refuses those behind it") {
    auto stage = make(first_seed);
    std::vector<std::string> order;
    auto note = [&](std::string what) {
      return Completion<void>(stage->shard(), [&order, what](Result<void> result) {
        order.push_back(what + (result ? " ok" : " refused"));
      });
    };
    stage->log().append({log, 1, {Bytes("a")}}, note("first"));
    stage->log().seal(log, Completion<storage::LogletState>(
                               stage->shard(), [&order](Result<storage::LogletState> result) {
                                 REQUIRE(result);
                                 order.push_back("sealed at " + std::to_string(result->next));
                               }));
    stage->log().append({log, 2, {Bytes("b")}}, note("second"));
    stage->run_until([&] { return order.size() == 3; });
    CHECK(order == std::vector<std::string>{"first ok", "sealed at 2", "second refused"});
    CHECK(stage->seal(log) == storage::LogletState{2, 0, true});  // again, to no effect
    CHECK(stage->read_all(log, 1) == std::vector<std::string>{"a"});
    stage->reopen();
    CHECK(stage->append(log, 2, {"b"}) == Code::kSealed);
  }

  SECTION("trimming is clamped to the tail, never goes back, and survives") {
    auto stage = make(first_seed);
    REQUIRE(stage->append(log, 1, {"a", "b", "c"}));
    CHECK(stage->trim(log, 2) == storage::LogletState{4, 2, false});
    CHECK(stage->trim(log, 1) == storage::LogletState{4, 2, false});
    CHECK(stage->read(log, 2, 10) == Code::kTrimmed);
    CHECK(stage->read_all(log, 3) == std::vector<std::string>{"c"});
    stage->reopen();
    CHECK(stage->state(log) == storage::LogletState{4, 2, false});
    CHECK(stage->trim(log, 99) == storage::LogletState{4, 3, false});
    stage->reopen();
    REQUIRE(stage->append(log, 4, {"d"}));
    CHECK(stage->read_all(log, 4) == std::vector<std::string>{"d"});
  }

  SECTION("a removed loglet is forgotten, its neighbours are not") {
    auto stage = make(first_seed);
    const storage::LogletKey other{log.value + 1};
    REQUIRE(stage->append(log, 1, {"a"}));
    REQUIRE(stage->append(other, 1, {"kept"}));
    REQUIRE(stage->seal(log));
    REQUIRE(stage->remove(log));
    CHECK(stage->state(log) == storage::LogletState{});
    stage->reopen();
    CHECK(stage->state(log) == storage::LogletState{});
    CHECK(stage->read_all(other, 1) == std::vector<std::string>{"kept"});
    REQUIRE(stage->append(log, 1, {"anew"}));
    stage->reopen();
    CHECK(stage->read_all(log, 1) == std::vector<std::string>{"anew"});
  }

  SECTION("calls in flight when the store closes are answered") {
    auto stage = make(first_seed);
    int answered = 0;
    for (std::uint32_t i = 1; i <= 20; ++i) {
      stage->log().append({log, i, {Bytes("x")}},
                          Completion<void>(stage->shard(), [&](Result<void> result) {
                            CHECK((result || result == Code::kShutdown));
                            ++answered;
                          }));
    }
    stage->reopen();
    stage->run_until([&] { return answered == 20; });
  }
}

}  // namespace restate::testing
