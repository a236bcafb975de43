#include "storage/segment_log/frame.h"

#include "storage/crc32c.h"
#include "storage/little_endian.h"

#include <array>
#include <cstring>

namespace restate::storage {
namespace {

constexpr std::uint32_t kMagic = 0x47464c52;  // "RLFG"
constexpr std::size_t kCrcOffset = 4;
constexpr std::size_t kCheckedFrom = 8;
constexpr std::size_t kHeaderCheckOffset = 14;
constexpr std::uint32_t kHeadVersion = 2;  // 1 had no key
constexpr std::size_t kHeadFixedSize = 32;
constexpr std::size_t kHeadLogletSize = 24;

bool known(std::uint16_t kind) {
  return kind >= static_cast<std::uint16_t>(FrameKind::kHead) &&
         kind <= static_cast<std::uint16_t>(FrameKind::kRemove);
}

/// Of the header but for both checksums.
std::uint16_t header_check(std::string_view frame, FrameKey key) {
  std::array<char, kFrameHeaderSize - kCheckedFrom> checked;
  std::memcpy(checked.data(), frame.data() + kCheckedFrom, checked.size());
  std::memset(checked.data() + kHeaderCheckOffset - kCheckedFrom, 0, sizeof(std::uint16_t));
  return static_cast<std::uint16_t>(
      crc32c({checked.data(), checked.size()}, static_cast<std::uint32_t>(key.value >> 32)));
}

/// Of everything from `kCheckedFrom` to the end of the body.
std::uint32_t checksum(std::string_view checked, FrameKey key) {
  return crc32c(checked, static_cast<std::uint32_t>(key.value));
}

}  // namespace

std::optional<Frame> claimed_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderSize || number_at<std::uint32_t>(bytes, 0) != kMagic) {
    return std::nullopt;
  }
  const auto kind = number_at<std::uint16_t>(bytes, 12);
  if (!known(kind)) return std::nullopt;
  Frame frame;
  frame.header.kind = static_cast<FrameKind>(kind);
  frame.header.sequence = number_at<std::uint64_t>(bytes, 16);
  frame.header.epoch = number_at<std::uint32_t>(bytes, 24);
  frame.header.index = number_at<std::uint32_t>(bytes, 28);
  frame.header.loglet.value = number_at<std::uint64_t>(bytes, 32);
  frame.header.first = number_at<std::uint32_t>(bytes, 40);
  frame.header.count = number_at<std::uint32_t>(bytes, 44);
  frame.size = frame_size(number_at<std::uint32_t>(bytes, 8));
  return frame;
}

void append_frame(std::string& out, const FrameHeader& header,
                  std::span<const std::string_view> body, FrameKey key) {
  const std::size_t start = out.size();
  std::size_t body_size = 0;
  for (const std::string_view piece : body) body_size += piece.size();
  append_number(out, kMagic);
  append_number(out, std::uint32_t{0});  // the checksum, when the rest is known
  append_number(out, static_cast<std::uint32_t>(body_size));
  append_number(out, static_cast<std::uint16_t>(header.kind));
  append_number(out, std::uint16_t{0});  // the header's check, likewise
  append_number(out, header.sequence);
  append_number(out, header.epoch);
  append_number(out, header.index);
  append_number(out, header.loglet.value);
  append_number(out, header.first);
  append_number(out, header.count);
  const std::uint16_t check = header_check(std::string_view(out).substr(start), key);
  std::memcpy(out.data() + start + kHeaderCheckOffset, &check, sizeof(check));
  for (const std::string_view piece : body) out.append(piece);
  const std::uint32_t crc = checksum(std::string_view(out).substr(start + kCheckedFrom), key);
  std::memcpy(out.data() + start + kCrcOffset, &crc, sizeof(crc));
  out.resize(start + frame_size(body_size), '\0');
}

std::optional<Frame> parse_frame(std::string_view bytes, FrameKey key) {
  auto frame = parse_frame_header(bytes, key);
  if (!frame || frame->size > bytes.size()) return std::nullopt;
  const std::size_t body_size = number_at<std::uint32_t>(bytes, 8);
  const std::string_view checked =
      bytes.substr(kCheckedFrom, kFrameHeaderSize - kCheckedFrom + body_size);
  if (checksum(checked, key) != number_at<std::uint32_t>(bytes, kCrcOffset)) return std::nullopt;
  frame->body = bytes.substr(kFrameHeaderSize, body_size);
  return frame;
}

std::optional<Frame> parse_frame_header(std::string_view bytes, FrameKey key) {
  auto frame = claimed_frame(bytes);
  if (frame && header_check(bytes, key) != number_at<std::uint16_t>(bytes, kHeaderCheckOffset)) {
    frame.reset();
  }
  return frame;
}

bool Frame::records(std::vector<std::string_view>& records) const {
  const std::size_t lengths = std::size_t{header.count} * sizeof(std::uint32_t);
  if (lengths > body.size()) return false;
  std::string_view rest = body.substr(lengths);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const std::size_t length = number_at<std::uint32_t>(body, i * sizeof(std::uint32_t));
    if (length > rest.size()) return false;
    records.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return rest.empty();
}

std::string SegmentHead::encode() const {
  std::string body;
  body.reserve(kHeadFixedSize + sizeof(FrameKey) + loglets.size() * kHeadLogletSize);
  append_number(body, kHeadVersion);
  append_number(body, std::uint32_t{0});
  append_number(body, segment);
  append_number(body, previous_end);
  append_number(body, static_cast<std::uint64_t>(loglets.size()));
  append_number(body, key.value_or(FrameKey()).value);
  for (const Loglet& loglet : loglets) {
    append_number(body, loglet.key.value);
    append_number(body, loglet.state.next);
    append_number(body, loglet.state.trim_point);
    append_number(body, std::uint32_t{loglet.state.sealed});
    append_number(body, std::uint32_t{0});
  }
  return body;
}

Result<SegmentHead> SegmentHead::decode(std::string_view body) {
  const Error corrupt{Code::kCorrupt, "decoding the head of a segment: its length is wrong"};
  if (body.size() < kHeadFixedSize) return corrupt;
  const auto version = number_at<std::uint32_t>(body, 0);
  if (version == 0 || version > kHeadVersion) {
    return Error{Code::kUnsupported,
                 "decoding the head of a segment: unknown version " + std::to_string(version)};
  }
  SegmentHead head;
  head.segment = number_at<std::uint64_t>(body, 8);
  head.previous_end = number_at<std::uint64_t>(body, 16);
  const auto count = number_at<std::uint64_t>(body, 24);
  body.remove_prefix(kHeadFixedSize);
  if (version > 1) {
    if (body.size() < sizeof(FrameKey)) return corrupt;
    head.key = FrameKey{number_at<std::uint64_t>(body, 0)};
    body.remove_prefix(sizeof(FrameKey));
  }
  if (count != body.size() / kHeadLogletSize || body.size() % kHeadLogletSize != 0) return corrupt;
  for (; !body.empty(); body.remove_prefix(kHeadLogletSize)) {
    head.loglets.push_back({{number_at<std::uint64_t>(body, 0)},
                            {number_at<std::uint32_t>(body, 8), number_at<std::uint32_t>(body, 12),
                             number_at<std::uint32_t>(body, 16) != 0}});
  }
  return head;
}

}  // namespace restate::storage
