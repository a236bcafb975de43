#include "protocol/frame.h"

#include "support/catch.h"
#include "support/vectors.h"

#include <algorithm>

using namespace restate;
using namespace restate::protocol;

namespace {

constexpr std::size_t kLimit = 33'816'576;

std::vector<Frame> decode_in_pieces(const std::string& stream, std::size_t piece) {
  FrameDecoder decoder(kLimit);
  std::vector<Frame> frames;
  Frame frame;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    decoder.feed(Bytes(stream.substr(at, piece)));
    while (decoder.next(frame) == FrameDecoder::Step::kFrame) frames.push_back(frame);
  }
  CHECK(decoder.buffered() == 0);
  return frames;
}

std::string header(const std::string& hex) { return testing::from_hex(hex); }

}  // namespace

TEST_CASE("recorded frames survive any cut", "[protocol][frame][vectors]") {
  std::string stream;
  std::vector<testing::RecordedFrame> recorded = testing::recorded_frames();
  for (const auto& frame : recorded) stream += frame.bytes;

  const auto whole = decode_in_pieces(stream, stream.size());
  REQUIRE(whole.size() == recorded.size());
  ByteChain again;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    CHECK(whole[i].type == recorded[i].type);
    CHECK(message_name(whole[i].type) == recorded[i].message);
    append_frame(again, whole[i].type, whole[i].payload, whole[i].ack_requested);
  }
  testing::looked_at("frames", whole.size(), recorded.size());
  CHECK(join(again) == stream);

  for (const std::size_t piece : {1, 2, 3, 7, 8, 9, 64, 1000}) {
    CAPTURE(piece);
    CHECK(decode_in_pieces(stream, piece) == whole);
  }
}

TEST_CASE("a frame may be cut at every byte", "[protocol][frame]") {
  const std::string frame = header("040c8000000000090801") + "1234567";
  for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
    CAPTURE(cut);
    FrameDecoder decoder(kLimit);
    Frame out;
    decoder.feed(Bytes(frame.substr(0, cut)));
    if (cut < frame.size()) {
      CHECK(decoder.next(out) == FrameDecoder::Step::kMore);
    }
    decoder.feed(Bytes(frame.substr(cut)));
    REQUIRE(decoder.next(out) == FrameDecoder::Step::kFrame);
    CHECK(out.ack_requested);
    CHECK(out.payload.size() == 9);
    CHECK(decoder.next(out) == FrameDecoder::Step::kMore);
  }
}

TEST_CASE("a payload in one piece is not copied", "[protocol][frame]") {
  const Bytes chunk(header("0401000000000003") + "abc" + header("0003000000000000"));
  FrameDecoder decoder(kLimit);
  decoder.feed(chunk);
  Frame frame;
  REQUIRE(decoder.next(frame) == FrameDecoder::Step::kFrame);
  CHECK(frame.payload.data() == chunk.data() + 8);
  REQUIRE(decoder.next(frame) == FrameDecoder::Step::kFrame);
  CHECK(frame.payload.empty());
}

TEST_CASE("a frame that comes byte by byte is held in few pieces", "[protocol][frame]") {
  std::string stream = header("040100000000ea60");  // 60 000
  for (int i = 0; i < 60'000; ++i) stream.push_back(static_cast<char>(i * 7));
  FrameDecoder decoder(kLimit);
  Frame frame;
  std::size_t most = 0;
  for (const char byte : stream) {
    REQUIRE(decoder.next(frame) == FrameDecoder::Step::kMore);
    decoder.feed(Bytes(std::string(1, byte)));
    most = std::max(most, decoder.pieces());
  }
  REQUIRE(decoder.next(frame) == FrameDecoder::Step::kFrame);
  CHECK(frame.payload.view() == std::string_view(stream).substr(8));
  CHECK(most < 100);
}

TEST_CASE("an announced size at the limit is refused at once", "[protocol][frame]") {
  FrameDecoder decoder(kLimit);
  Frame frame;
  SECTION("one below waits for the rest") {
    decoder.feed(Bytes(header("040100000203ffff")));  // 33 816 575
    CHECK(decoder.next(frame) == FrameDecoder::Step::kMore);
  }
  SECTION("the limit itself is too much, and stays so") {
    decoder.feed(Bytes(header("0401000002040000")));
    CHECK(decoder.next(frame) == FrameDecoder::Step::kTooLarge);
    CHECK(decoder.error().code == DocCode::kMessageTooLarge);
    decoder.feed(Bytes(header("0003000000000000")));
    CHECK(decoder.next(frame) == FrameDecoder::Step::kTooLarge);
  }
}

TEST_CASE("unknown flags mean nothing", "[protocol][frame]") {
  FrameDecoder decoder(kLimit);
  Frame frame;
  decoder.feed(Bytes(header("04017fff00000000")));
  REQUIRE(decoder.next(frame) == FrameDecoder::Step::kFrame);
  CHECK_FALSE(frame.ack_requested);
}

TEST_CASE("unknown types have a name, too", "[protocol][frame]") {
  CHECK(message_name(0x040F) == "0x040F");
  CHECK(message_name(0x0001) == "SuspensionMessage");
  CHECK(message_name(0xFBFF) == "SignalNotificationMessage");
}
