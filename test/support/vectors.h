#pragma once

/// \file
/// Recorded exchanges and ids, from test/compat/vectors.

#include "support/catch.h"

#include <restate/bytes.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace restate::testing {

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    hex.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
  }
  return hex;
}

inline nlohmann::json load_vectors(const std::string& name) {
  std::ifstream file(RESTATE_SOURCE_DIR "/test/compat/vectors/" + name);
  return nlohmann::json::parse(file);
}

/// A test of a recording looks at all of it, and says how much that was.
inline void looked_at(const std::string& what, std::size_t seen, std::size_t recorded) {
  CHECK(recorded > 0);
  CHECK(seen == recorded);
  WARN(seen << " of " << recorded << " recorded " << what);
}

struct RecordedFrame {
  std::uint16_t protocol = 6;
  bool from_endpoint = false;
  std::string message;
  std::uint16_t type = 0;
  std::string bytes;  ///< header included
  nlohmann::json decoded;
};

inline std::vector<RecordedFrame> recorded_frames() {
  std::vector<RecordedFrame> frames;
  const nlohmann::json recorded = load_vectors("service_protocol_frames.json");
  for (const auto& frame : recorded["frames"]) {
    frames.push_back(
        {frame["protocol_version"].get<std::uint16_t>(), frame["dir"] == "E->S",
         frame["message"].get<std::string>(),
         static_cast<std::uint16_t>(std::stoi(frame["type"].get<std::string>(), nullptr, 16)),
         from_hex(frame["frame_hex"].get<std::string>()), frame["decoded"]});
  }
  return frames;
}

}  // namespace restate::testing
