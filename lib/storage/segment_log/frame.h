#pragma once

/// \file
/// The bytes of a segment: frames, one after another, each a multiple of 8 bytes long. All numbers
/// are little endian.
///
///      0        4        8        12       14       16
///     +--------+--------+--------+--------+--------+-----------------+
///     | magic  | crc32c | body   | kind   | header | sequence        |
///     |        |        | bytes  |        | check  |                 |
///     +--------+--------+--------+--------+--------+-----------------+ 24
///     | epoch  | index  | loglet          | first  | count  |           48
///     +--------+--------+-----------------+--------+--------+
///     | body ...                              | zeros to a multiple of 8
///
/// The checksum covers everything from byte 8 to the end of the body; the header has a short one of
/// its own, so that a damaged body can still be told whose it is. Both continue the key of the log.
/// docs/formats/log.md explains the fields and the bodies.

#include <restate/storage/log_store.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restate::storage {

enum class FrameKind : std::uint16_t {
  kHead = 1,     ///< the first frame of a segment: what every loglet looks like here
  kOpen = 2,     ///< the log was opened; a new epoch begins
  kRecords = 3,  ///< consecutive records of a loglet
  kSeal = 4,     ///< the loglet takes no more records
  kTrim = 5,     ///< records up to `first` are forgotten
  kRemove = 6,   ///< the loglet is forgotten
};

/// What the checksums of a log begin with, but for those of the heads, which tell it. Records hold what
/// clients send, and may lie where a frame is looked for: who does not know the key cannot write bytes
/// that pass for one. 0: the log of an earlier version, which has none.
struct FrameKey {
  std::uint64_t value = 0;
};

struct FrameHeader {
  FrameKind kind = FrameKind::kRecords;
  std::uint64_t sequence = 0;  ///< counts all frames of the log
  std::uint32_t epoch = 0;     ///< counts how often the log was opened
  std::uint32_t index = 0;     ///< within the batch that one sync made durable
  LogletKey loglet;
  std::uint32_t first = 0;  ///< offset of the first record; of a trim, the trim point
  std::uint32_t count = 0;  ///< of records

  /// The sequence of the first frame of the same batch.
  std::uint64_t batch() const { return sequence - index; }
};

inline constexpr std::size_t kFrameHeaderSize = 48;

struct Frame {
  FrameHeader header;
  std::string_view body;
  std::size_t size = 0;  ///< with header and padding

  /// The lengths of the records of a `kRecords` frame, and where they begin in the body. False if
  /// they do not add up to the body.
  bool records(std::vector<std::string_view>& records) const;
};

/// Size of a frame with a body of this many bytes.
constexpr std::size_t frame_size(std::size_t body) { return (kFrameHeaderSize + body + 7) / 8 * 8; }

void append_frame(std::string& out, const FrameHeader& header,
                  std::span<const std::string_view> body, FrameKey key);

/// What the beginning of `bytes` claims to be a frame of, whether damaged or not; without its body.
/// Needs the header only.
std::optional<Frame> claimed_frame(std::string_view bytes);

/// The frame at the beginning of `bytes`, if a whole and undamaged one is there.
std::optional<Frame> parse_frame(std::string_view bytes, FrameKey key);

/// The same with an undamaged header, whatever its body looks like: that is not looked at and stays
/// empty. Needs the header only.
std::optional<Frame> parse_frame_header(std::string_view bytes, FrameKey key);

/// The body of a `kHead` frame.
struct SegmentHead {
  struct Loglet {
    LogletKey key;
    LogletState state;
  };
  std::uint64_t segment = 0;
  std::uint64_t previous_end = 0;  ///< where the frames of the segment before end
  std::optional<FrameKey> key;     ///< nothing: version 1, of which all keys are 0
  std::vector<Loglet> loglets;

  /// As the present version, so with a key.
  std::string encode() const;
  /// - `kUnsupported`: a newer version wrote it.
  static Result<SegmentHead> decode(std::string_view body);
};

}  // namespace restate::storage
