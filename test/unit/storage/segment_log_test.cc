#include "storage/segment_log/segment_log.h"
#include "runtime/split_mix.h"
#include "storage/memory/memory_files.h"
#include "support/catch.h"

#include <atomic>
#include <map>
#include <optional>
#include <thread>

namespace restate::storage {
namespace {

constexpr LogletKey kLog{1};
constexpr LogletKey kOther{2};
const std::string kFirst = "/log/0000000001.log";
constexpr FrameKey kFrameKey{0x0123'4567'89ab'cdef};

std::unique_ptr<SegmentLog> open_log(MemoryFiles& files, std::uint64_t segment_bytes = 1 << 20) {
  auto log = SegmentLog::open(files, "/log", {.segment_bytes = segment_bytes, .key = kFrameKey});
  if (!log) FAIL(log.error().describe());
  return std::move(*log);
}

LogAppend append_of(LogletKey key, std::uint32_t first, std::string record) {
  return {key, first, {Bytes(std::move(record))}};
}

void write(SegmentLog& log, std::uint32_t first, std::string record) {
  REQUIRE(log.append(append_of(kLog, first, std::move(record))));
  REQUIRE(log.commit());
}

std::vector<std::string> read_all(const SegmentLog& log, LogletKey key = kLog) {
  std::vector<std::string> records;
  auto next = log.state(key).trim_point + 1;
  while (true) {
    auto bite = log.read(key, next, 1000);
    REQUIRE(bite);
    if (bite->records.empty()) return records;
    for (const Bytes& record : bite->records) records.push_back(record.str());
    next += static_cast<std::uint32_t>(bite->records.size());
  }
}

/// What can be read of a loglet, and what ended it unless that was its tail.
std::pair<std::vector<std::string>, std::optional<Error>> read_upto_damage(const SegmentLog& log) {
  std::vector<std::string> records;
  while (true) {
    auto bite = log.read(kLog, static_cast<std::uint32_t>(records.size()) + 1, 1000);
    if (!bite) return {records, bite.error()};
    if (bite->records.empty()) return {records, std::nullopt};
    for (const Bytes& record : bite->records) records.push_back(record.str());
  }
}

/// Fills part of a file with zeros, durably: sectors that a crash left unwritten.
void wipe(MemoryFiles& files, const std::string& path, std::uint64_t from, std::uint64_t to) {
  auto file = files.open(path);
  REQUIRE(file);
  const std::string zeros(to - from, '\0');
  const std::string_view piece = zeros;
  REQUIRE((*file)->write(from, {&piece, 1}));
  REQUIRE((*file)->sync());
}

/// Where each frame of a file begins; the last entry is the end.
std::vector<std::uint64_t> frames_of(MemoryFiles& files, const std::string& path) {
  const std::string content = *read_file(files, path);
  std::vector<std::uint64_t> starts{0};
  while (auto frame = parse_frame(std::string_view(content).substr(starts.back()),
                                  starts.back() == 0 ? FrameKey() : kFrameKey)) {
    starts.push_back(starts.back() + frame->size);
  }
  return starts;
}

}  // namespace

TEST_CASE("a frame reads back as it was written", "[storage][log]") {
  const FrameHeader header{FrameKind::kRecords, 77, 3, 2, LogletKey{0x100000002}, 5, 2};
  const std::string lengths{"\x01\0\0\0\x02\0\0\0", 8};
  const std::string_view body[] = {lengths, "a", "bb"};
  std::string bytes = "before";
  append_frame(bytes, header, body, kFrameKey);
  const auto frame = parse_frame(std::string_view(bytes).substr(6), kFrameKey);
  REQUIRE(frame);
  CHECK(frame->size == bytes.size() - 6);
  CHECK(frame->size % 8 == 0);
  CHECK(frame->header.sequence == 77);
  CHECK(frame->header.batch() == 75);
  CHECK(frame->header.epoch == 3);
  CHECK(frame->header.loglet == LogletKey{0x100000002});
  CHECK(frame->header.first == 5);
  std::vector<std::string_view> records;
  REQUIRE(frame->records(records));
  CHECK(records == std::vector<std::string_view>{"a", "bb"});

  SECTION("and no damaged one does") {
    for (std::size_t i = 6; i < 6 + kFrameHeaderSize + 11; ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      CHECK_FALSE(parse_frame(std::string_view(damaged).substr(6), kFrameKey));
    }
    CHECK_FALSE(parse_frame(std::string_view(bytes).substr(6, frame->size - 8), kFrameKey));
  }
}

TEST_CASE("any flipped bit is found, or in the very last batch", "[storage][log]") {
  MemoryFiles files;
  const std::vector<std::string> all{"first", "second", std::string(600, 'x'), "fourth", "last"};
  {
    auto log = open_log(files, 8192);
    for (std::uint32_t i = 0; i < all.size(); ++i) write(*log, i + 1, all[i]);
  }
  const auto starts = frames_of(files, kFirst);
  REQUIRE(starts.size() == 8);  // head, epoch, five records, end
  const std::uint64_t last = starts[6];
  std::map<bool, int> opened;
  for (std::uint64_t at = 0; at < starts.back(); ++at) {
    CAPTURE(at);
    MemoryFiles copy;
    REQUIRE(copy.create_directories("/log"));
    for (const std::string& name : {std::string("FORMAT"), std::string("0000000001.log")}) {
      const std::string content = *read_file(files, "/log/" + name);
      const std::string_view piece = content;
      auto file = copy.create("/log/" + name);
      REQUIRE((*file)->write(0, {&piece, 1}));
      REQUIRE((*file)->sync());
    }
    REQUIRE(copy.sync_directory("/log"));
    REQUIRE(copy.flip_bit(kFirst, at));
    auto log = SegmentLog::open(copy, "/log", {.segment_bytes = 8192});
    if (!log) {
      CHECK(log.error().code == Code::kCorrupt);
      CHECK(log.error().message.find(kFirst) != std::string::npos);
      CHECK(at < last);
      continue;
    }
    std::vector<std::string> expected = all;
    auto [found, damage] = read_upto_damage(**log);
    if (damage) {  // only the reader of this loglet has to know
      CHECK(damage->code == Code::kCorrupt);
      CHECK(damage->message.find("loglet 0_1 at offset " + std::to_string(found.size() + 1) +
                                 " in " + kFirst) != std::string::npos);
      CHECK(at < last);
      CHECK((*log)->state(kLog).next == all.size() + 1);
      expected.resize(found.size());
    } else if (at >= last && found != all) {
      expected.pop_back();
    }
    CHECK(found == expected);
    ++opened[damage.has_value()];
  }
  CHECK(opened[false] > 0);
  CHECK(opened[true] > 600);
}

TEST_CASE("a damaged record stops its own loglet and no other", "[storage][log]") {
  MemoryFiles files;
  std::uint32_t next = 1;
  std::uint64_t target = 0;
  {
    auto log = open_log(files, 4096);
    for (; log->segments() < 3; ++next) {
      REQUIRE(log->append(append_of(kLog, next, std::string(200, 'x'))));
      REQUIRE(log->append(append_of(kOther, next, std::string(200, 'y'))));
      REQUIRE(log->commit());
    }
    target = frames_of(files, kFirst)[6];  // head, epoch, two of each: the third of `kLog`
  }
  const std::string header = "loglet 0_1 at offset 3 in " + kFirst;
  SECTION("in its body") {
    REQUIRE(files.flip_bit(kFirst, target + kFrameHeaderSize + 20));
    auto log = open_log(files, 4096);
    CHECK(read_all(*log, kOther).size() == next - 1);
    auto [before, damage] = read_upto_damage(*log);
    CHECK(before.size() == 2);
    REQUIRE(damage);
    CHECK(damage->code == Code::kCorrupt);
    CHECK(damage->message.find(header) != std::string::npos);
    // Offsets that were acknowledged are never given out again.
    CHECK(log->state(kLog).next == next);
    write(*log, next, "more");
    REQUIRE(log->append(append_of(kOther, next, "more")));
    REQUIRE(log->commit());
    log.reset();
    log = open_log(files, 4096);
    CHECK(read_all(*log, kOther).size() == next);
    REQUIRE(log->trim(kLog, 10));
    REQUIRE(log->commit());
    CHECK(read_all(*log).size() == next - 10);
  }
  SECTION("in its header, and then nobody knows whose it was") {
    REQUIRE(files.flip_bit(kFirst, target + 32));
    auto log = SegmentLog::open(files, "/log", {.segment_bytes = 4096});
    REQUIRE(log == Code::kCorrupt);
    CHECK(log.error().message.find(kFirst + " at byte " + std::to_string(target)) !=
          std::string::npos);
  }
}

TEST_CASE("a bit that flips after the start is found by the reader", "[storage][log]") {
  MemoryFiles files;
  auto log = open_log(files);
  write(*log, 1, "good");
  REQUIRE(log->append(append_of(kOther, 1, "between")));  // so that extents are not joined
  REQUIRE(log->commit());
  write(*log, 2, "bad");
  const auto starts = frames_of(files, kFirst);
  REQUIRE(files.flip_bit(kFirst, starts[4] + kFrameHeaderSize + 5));
  auto before = log->read(kLog, 1, 1000);
  REQUIRE(before);
  CHECK(before->records.size() == 1);
  auto damaged = log->read(kLog, 2, 1000);
  REQUIRE(damaged == Code::kCorrupt);
  CHECK(damaged.error().message.find(kFirst) != std::string::npos);
  CHECK(damaged.error().message.find("loglet 0_1 at offset 2") != std::string::npos);
}

TEST_CASE("a lost batch does not come back behind new frames", "[storage][log]") {
  MemoryFiles files;
  {
    auto log = open_log(files);
    write(*log, 1, "kept");
    REQUIRE(log->append(append_of(kLog, 2, std::string(100, 'a'))));
    REQUIRE(log->append(append_of(kOther, 1, std::string(100, 'b'))));
    REQUIRE(log->append(append_of(kLog, 3, "ghost")));
    REQUIRE(log->commit());
  }
  // Of the last batch only the third frame reached the disk.
  const auto starts = frames_of(files, kFirst);
  wipe(files, kFirst, starts[3], starts[5]);
  {
    auto log = open_log(files);
    CHECK(read_all(*log) == std::vector<std::string>{"kept"});
    // Fills the hole to the byte: the ghost lies exactly where the next frame is expected.
    const std::size_t hole = starts[5] - starts[3] - kFrameHeaderSize;
    write(*log, 2, std::string(hole - kFrameHeaderSize - 4, 'n'));
    CHECK(frames_of(files, kFirst)[5] == starts[5]);
  }
  auto log = open_log(files);
  CHECK(log->state(kLog).next == 3);
  CHECK(read_all(*log).size() == 2);
}

TEST_CASE("opening makes durable what it found, before anybody reads it", "[storage][log]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    MemoryFiles files;
    {
      auto log = open_log(files);
      write(*log, 1, "synced");
      files.fail_sync(1);
      REQUIRE(log->append(append_of(kLog, 2, "written, never synced")));
      CHECK(log->commit() == Code::kFailed);
    }
    // The process died, the power stayed on: the next one sees what was written.
    CHECK(open_log(files)->state(kLog).next == 3);
    files.crash(seed);
    CHECK(open_log(files)->state(kLog).next == 3);
  }
}

TEST_CASE("space is given back when everything in a segment is trimmed", "[storage][log]") {
  MemoryFiles files;
  auto log = open_log(files, 4096);
  REQUIRE(log->append(append_of(kOther, 1, "pins the first segment")));
  REQUIRE(log->commit());
  std::uint32_t next = 1;
  for (; log->segments() < 6; ++next) write(*log, next, std::string(300, 'x'));
  REQUIRE(log->trim(kLog, next - 1));
  REQUIRE(log->commit());
  REQUIRE(log->tidy());
  CHECK(log->segments() == 2);
  REQUIRE(log->seal(kOther));
  REQUIRE(log->trim(kOther, 1));
  REQUIRE(log->commit());
  REQUIRE(log->tidy());
  CHECK(log->segments() == 1);
  CHECK_FALSE(files.exists(kFirst));

  SECTION("while trim points and seals live on") {
    for (int i = 0; i < 50; ++i) write(*log, next++, std::string(300, 'y'));
    REQUIRE(log->trim(kLog, next - 1));
    REQUIRE(log->commit());
    REQUIRE(log->tidy());
    log.reset();
    log = open_log(files, 4096);
    CHECK(log->state(kLog) == LogletState{next, next - 1, false});
    CHECK(log->state(kOther) == LogletState{2, 1, true});
    CHECK(log->append(append_of(kOther, 2, "no")) == Code::kSealed);
  }
}

TEST_CASE("a record larger than a segment gets a segment of its size", "[storage][log]") {
  MemoryFiles files;
  auto log = open_log(files, 4096);
  write(*log, 1, std::string(100'000, 'x'));
  write(*log, 2, "small");
  log.reset();
  log = open_log(files, 4096);
  CHECK(read_all(*log) == std::vector<std::string>{std::string(100'000, 'x'), "small"});
}

TEST_CASE("a full disk or a failed write is told, not hidden", "[storage][log]") {
  MemoryFiles files;
  auto log = open_log(files, 4096);
  write(*log, 1, "kept");
  SECTION("full") {
    files.set_capacity(8192);
    Result<void> outcome;
    for (std::uint32_t next = 2; outcome && next < 100; ++next) {
      outcome = log->append(append_of(kLog, next, std::string(300, 'x')));
      if (outcome) outcome = log->commit();
    }
    CHECK(outcome == Code::kFailed);
  }
  SECTION("failed write") {
    files.fail_write(1);
    REQUIRE(log->append(append_of(kLog, 2, "x")));
    CHECK(log->commit() == Code::kFailed);
  }
  log.reset();
  files.crash(3);
  CHECK(read_all(*open_log(files, 4096))[0] == "kept");
}

TEST_CASE("a missing segment is noticed", "[storage][log]") {
  MemoryFiles files;
  {
    auto log = open_log(files, 4096);
    for (std::uint32_t next = 1; log->segments() < 4; ++next) {
      write(*log, next, std::string(300, 'x'));
    }
  }
  REQUIRE(files.unlink("/log/0000000002.log"));
  auto log = SegmentLog::open(files, "/log", {.segment_bytes = 4096});
  REQUIRE(log == Code::kCorrupt);
  CHECK(log.error().message.find("misses a segment") != std::string::npos);
}

TEST_CASE("a directory that is not ours is left alone", "[storage][log]") {
  MemoryFiles files;
  auto open = [&] { return SegmentLog::open(files, "/log", {}); };
  SECTION("in use") {
    auto log = open_log(files);
    CHECK(open() == Code::kAlreadyExists);
    log.reset();
    CHECK(open());
  }
  SECTION("of a newer version") {
    open_log(files);
    REQUIRE(replace_file(files, "/log", "FORMAT", "restate log 2\n"));
    const auto before = *files.list("/log");
    CHECK(open() == Code::kUnsupported);
    CHECK(*files.list("/log") == before);
  }
  SECTION("foreign") {
    REQUIRE(files.create_directories("/log"));
    REQUIRE(files.create("/log/holiday.jpg"));
    CHECK(open() == Code::kFailedPrecondition);
    CHECK(files.list("/log")->size() == 1);
  }
}

TEST_CASE("readers see whole records while segments come and go", "[storage][log][threads]") {
  MemoryFiles files;
  auto log = open_log(files, 8192);
  std::atomic<std::uint32_t> trimmed = 0;
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    while (!stop) {
      auto bite = log->read(kLog, trimmed + 1, 3000);
      if (!bite) {
        if (bite.error().code != Code::kTrimmed) ++wrong;
        continue;
      }
      for (std::size_t i = 0; i < bite->records.size(); ++i) {
        const std::string expected = std::to_string(bite->first + i);
        if (!bite->records[i].view().starts_with(expected + " ")) ++wrong;
      }
    }
  });
  for (std::uint32_t next = 1; next <= 3000; ++next) {
    write(*log, next, std::to_string(next) + " " + std::string(300, 'x'));
    if (next % 20 != 0) continue;
    REQUIRE(log->trim(kLog, next - 10));
    REQUIRE(log->commit());
    trimmed = next - 10;
    REQUIRE(log->tidy());
  }
  stop = true;
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace restate::storage
