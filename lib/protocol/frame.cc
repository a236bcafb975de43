#include "protocol/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace restate::protocol {
namespace {

constexpr std::uint16_t kAckFlag = 0x8000;
/// Up to this size one buffer with a copy is cheaper than two without.
constexpr std::size_t kCopiedPayload = 1024;
/// Pieces of a stream below this are put together.
constexpr std::size_t kSmallPiece = 1024;

std::string hex_code(std::uint16_t type) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text.push_back(kDigits[(type >> shift) & 0xF]);
  return text;
}

}  // namespace

bool is_known_control(std::uint16_t type) { return type <= 0x0007; }

std::string message_name(std::uint16_t type) {
  if (wire::is_known_entry(type)) {
    const auto entry = static_cast<wire::EntryType>(type);
    // `Command: Run` and `Notification: Run` are RunCommandMessage and RunCompletionNotificationMessage.
    const std::string_view name = wire::entry_type_name(entry);
    std::string text(name.substr(name.find(' ') + 1));
    if (wire::is_command(entry)) return text + "CommandMessage";
    if (entry == wire::EntryType::kSignalNotification) return text + "NotificationMessage";
    return text + "CompletionNotificationMessage";
  }
  if (!is_known_control(type)) return hex_code(type);
  switch (static_cast<ControlType>(type)) {
    case ControlType::kStart: return "StartMessage";
    case ControlType::kSuspension: return "SuspensionMessage";
    case ControlType::kError: return "ErrorMessage";
    case ControlType::kEnd: return "EndMessage";
    case ControlType::kCommandAck: return "CommandAckMessage";
    case ControlType::kProposeRunCompletion: return "ProposeRunCompletionMessage";
    case ControlType::kAwaitingOn: return "AwaitingOnMessage";
    case ControlType::kProposeRunCompletionAck: return "ProposeRunCompletionAckMessage";
  }
  return hex_code(type);
}

void append_frame(ByteChain& out, std::uint16_t type, Bytes payload, bool ack_requested) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  const std::uint16_t flags = ack_requested ? kAckFlag : std::uint16_t{0};
  char header[kFrameHeaderBytes];
  header[0] = static_cast<char>(type >> 8);
  header[1] = static_cast<char>(type);
  header[2] = static_cast<char>(flags >> 8);
  header[3] = static_cast<char>(flags);
  for (int i = 0; i < 4; ++i) header[4 + i] = static_cast<char>(length >> (24 - 8 * i));
  if (payload.size() <= kCopiedPayload) {
    std::string frame(header, sizeof header);
    out.push_back(Bytes(std::move(frame.append(payload.view()))));
    return;
  }
  out.push_back(Bytes::copy(header, sizeof header));
  out.push_back(std::move(payload));
}

void FrameDecoder::feed(Bytes chunk) {
  if (chunk.empty()) return;
  size_ += chunk.size();
  // A peer may send byte after byte, and each costs a buffer: fifty times what is counted. Pieces of
  // a size are joined, so that a byte is copied a few times at most.
  while (!chunks_.empty() && chunk.size() < kSmallPiece && chunks_.back().size() <= chunk.size()) {
    std::string joined(chunks_.back().view());
    chunk = Bytes(std::move(joined.append(chunk.view())));
    chunks_.pop_back();
  }
  chunks_.push_back(std::move(chunk));
}

void FrameDecoder::peek(char* to, std::size_t bytes) const {
  for (const Bytes& chunk : chunks_) {
    const std::size_t part = std::min(bytes, chunk.size());
    std::memcpy(to, chunk.data(), part);
    to += part;
    bytes -= part;
    if (bytes == 0) return;
  }
}

Bytes FrameDecoder::take(std::size_t bytes) {
  if (bytes == 0) return {};
  size_ -= bytes;
  Bytes& front = chunks_.front();
  if (front.size() >= bytes) {
    Bytes piece = front.slice(0, bytes);
    front = front.slice(bytes);
    if (front.empty()) chunks_.pop_front();
    return piece;
  }
  std::string joined;
  joined.reserve(bytes);
  while (joined.size() < bytes) {
    Bytes& chunk = chunks_.front();
    const std::size_t part = std::min(bytes - joined.size(), chunk.size());
    joined.append(chunk.view().substr(0, part));
    chunk = chunk.slice(part);
    if (chunk.empty()) chunks_.pop_front();
  }
  return Bytes(std::move(joined));
}

FrameDecoder::Step FrameDecoder::next(Frame& frame) {
  if (error_.code != DocCode::kNone) return Step::kTooLarge;
  if (size_ < kFrameHeaderBytes) return Step::kMore;
  char raw[kFrameHeaderBytes];
  peek(raw, kFrameHeaderBytes);
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(raw[i])); };
  const std::uint32_t length = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
  if (length >= limit_) {
    error_ = {DocCode::kMessageTooLarge, "hit message size limit: " + std::to_string(length) +
                                             " >= " + std::to_string(limit_)};
    return Step::kTooLarge;
  }
  if (size_ < kFrameHeaderBytes + length) {
    expected_ = kFrameHeaderBytes + length;
    return Step::kMore;
  }
  expected_ = 0;
  frame.type = static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
  frame.ack_requested = ((byte(2) << 8 | byte(3)) & kAckFlag) != 0;
  take(kFrameHeaderBytes);
  frame.payload = take(length);
  return Step::kFrame;
}

}  // namespace restate::protocol
