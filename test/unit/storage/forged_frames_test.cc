#include "storage/little_endian.h"
#include "storage/memory/memory_files.h"
#include "storage/segment_log/segment_log.h"
#include "support/catch.h"

#include <string>
#include <string_view>
#include <vector>

namespace restate::storage {
namespace {

constexpr LogletKey kVictim{7};
constexpr LogletKey kClient{8};
constexpr FrameKey kSecret{0xfeed'beef'0123'4567};
const std::string kOnly = "/log/0000000001.log";

std::unique_ptr<SegmentLog> open_keyed(MemoryFiles& files, std::uint64_t segment_bytes = 8192) {
  auto log = SegmentLog::open(files, "/log", {.segment_bytes = segment_bytes, .key = kSecret});
  if (!log) FAIL(log.error().describe());
  return std::move(*log);
}

void append(SegmentLog& log, LogletKey loglet, std::string record) {
  REQUIRE(log.append({loglet, log.state(loglet).next, {Bytes(std::move(record))}}));
  REQUIRE(log.commit());
}

/// A record that is full of frames, at every distance from a multiple of 8 that one may have: `header`
/// with a right checksum, as somebody writes it who knows all of docs/formats/log.md and no key.
std::string record_of(const FrameHeader& header) {
  std::string frames;
  for (std::size_t shift = 0; shift < 8; ++shift) {
    append_frame(frames, header, {}, FrameKey());
    frames.push_back('.');
  }
  return frames;
}

std::uint64_t end_of_last_frame(MemoryFiles& files) {
  const std::string content = *read_file(files, kOnly);
  std::uint64_t end = 0;
  while (auto frame = parse_frame(std::string_view(content).substr(end),
                                  end == 0 ? FrameKey() : kSecret)) {
    end += frame->size;
  }
  return end;
}

void overwrite(MemoryFiles& files, std::uint64_t from, std::string_view with, bool sync = true) {
  auto file = files.open(kOnly);
  REQUIRE(file);
  REQUIRE((*file)->write(from, {&with, 1}));
  if (sync) REQUIRE((*file)->sync());
}

}  // namespace

TEST_CASE("a record cannot pass for frames when the batch that has it is cut short", "[storage][log]") {
  MemoryFiles files;
  std::uint64_t last = 0;
  {
    auto log = open_keyed(files);
    append(*log, kClient, "kept");
    last = end_of_last_frame(files);
    append(*log, kClient, record_of({FrameKind::kRecords, 1u << 30, 1, 0, kVictim, 1, 1}));
  }
  const std::string zeros(64, '\0');
  SECTION("before its header") { overwrite(files, last, zeros); }
  SECTION("behind its header") { overwrite(files, last + kFrameHeaderSize, zeros); }
  auto log = open_keyed(files);
  CHECK(log->state(kClient).next == 2);
  CHECK(log->state(kVictim).next == 1);
}

TEST_CASE("a record cannot pass for frames where a segment is used again", "[storage][log]") {
  for (int stop = 20; stop < 80; ++stop) {
    CAPTURE(stop);
    MemoryFiles files;
    std::uint32_t next = 0;
    {
      auto log = open_keyed(files, 4096);
      append(*log, kVictim, "kept");
      for (int i = 0; i < stop; ++i) {
        append(*log, kClient, record_of({FrameKind::kRecords, 1u << 30, 1, 0, kVictim, 1, 1}));
        REQUIRE(log->trim(kClient, log->state(kClient).next - 1));
        REQUIRE(log->commit());
        REQUIRE(log->tidy());
      }
      next = log->state(kClient).next;
    }
    auto log = open_keyed(files, 4096);
    CHECK(log->state(kClient).next == next);
    CHECK(log->read(kVictim, 1, 1000)->records.at(0).str() == "kept");
  }
}

TEST_CASE("a record cannot remove another loglet", "[storage][log]") {
  MemoryFiles files;
  std::uint64_t tail = 0;
  {
    auto log = open_keyed(files);
    append(*log, kVictim, "kept");
    tail = end_of_last_frame(files);
  }
  // What an earlier use of the file has left exactly where the next frame is looked for, with all
  // numbers guessed.
  std::string frame;
  append_frame(frame, {FrameKind::kRemove, 4, 1, 0, kVictim, 0, 0}, {}, FrameKey());
  overwrite(files, tail, frame);
  CHECK(open_keyed(files)->state(kVictim).next == 2);
}

TEST_CASE("a log of before keys is read, and goes on with one", "[storage][log]") {
  MemoryFiles files;
  open_keyed(files).reset();
  std::string head;
  for (const std::uint64_t number : {1, 1, 0, 0}) append_number(head, number);  // version 1, segment 1
  std::string records{"\x03\0\0\0old", 7};
  std::string content;
  const std::string_view head_piece = head, records_piece = records;
  append_frame(content, {.kind = FrameKind::kHead, .sequence = 1, .epoch = 1}, {&head_piece, 1}, {});
  append_frame(content, {.kind = FrameKind::kOpen, .sequence = 2, .epoch = 1, .index = 1}, {}, {});
  append_frame(content, {FrameKind::kRecords, 3, 1, 0, kClient, 1, 1}, {&records_piece, 1}, {});
  content.resize(8192);
  overwrite(files, 0, content);

  SECTION("what its writer had not synced counts from the first look at it on") {
    std::string later;
    append_frame(later, {FrameKind::kRecords, 4, 1, 0, kClient, 2, 1}, {&records_piece, 1}, {});
    overwrite(files, 8 * ((kFrameHeaderSize * 3 + head.size() + records.size() + 7) / 8), later, false);
    CHECK(open_keyed(files)->state(kClient).next == 3);
    files.crash(1);
    CHECK(open_keyed(files)->state(kClient).next == 3);
    return;
  }
  for (std::uint32_t next = 2; next < 5; ++next) {
    auto log = open_keyed(files);
    CHECK(log->state(kClient).next == next);
    CHECK(log->read(kClient, 1, 1000)->records.at(0).str() == "old");
    CHECK(log->segments() == 2);
    append(*log, kClient, "new");
  }
}

TEST_CASE("a damaged record keeps nobody from those behind it", "[storage][log]") {
  MemoryFiles files;
  auto log = open_keyed(files);
  std::vector<std::uint64_t> starts;
  for (const char* record : {"one", "two", "three", "four"}) {
    starts.push_back(end_of_last_frame(files));
    append(*log, kClient, record);
  }
  REQUIRE(files.flip_bit(kOnly, starts[1] + kFrameHeaderSize + 5));
  CHECK(log->read(kClient, 1, 1000)->records.size() == 1);
  CHECK(log->read(kClient, 2, 1000) == Code::kCorrupt);
  const auto behind = log->read(kClient, 3, 1000);
  REQUIRE(behind);
  REQUIRE(behind->records.size() == 2);
  CHECK(behind->records[0].str() == "three");
}

}  // namespace restate::storage
