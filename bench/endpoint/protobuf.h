#pragma once

// Just enough protobuf to speak the service protocol by hand: an endpoint for benches must cost
// little, and must not share code with the server it measures.

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_uint(std::string& out, std::uint32_t field, std::uint64_t value) {
  put_varint(out, field << 3);
  put_varint(out, value);
}

inline void put_bytes(std::string& out, std::uint32_t field, std::string_view value) {
  put_varint(out, field << 3 | 2);
  put_varint(out, value.size());
  out.append(value);
}

/// One field at a time; `next` returns false at the end or on nonsense.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool next() {
    if (rest_.empty()) return false;
    std::uint64_t tag = 0;
    if (!varint(tag)) return false;
    field = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7) {
      case 0:
        return varint(number);
      case 2: {
        std::uint64_t size = 0;
        if (!varint(size) || size > rest_.size()) return false;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
      }
      default:
        return false;
    }
  }

  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view bytes;

 private:
  bool varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  std::string_view rest_;
};

/// Appends a frame: type, flags, length, payload.
inline void put_frame(std::string& out, std::uint16_t type, std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  out.push_back(static_cast<char>(type >> 8));
  out.push_back(static_cast<char>(type));
  out.append(2, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
  out.append(payload);
}

}  // namespace bench
