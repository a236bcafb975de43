#pragma once

/// \file
/// The manifest as a document: every field has its type and no field is unknown. What it means is
/// judged in discovery.cc.

#include "protocol/discovery.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::protocol {

/// A handler as written: what kind it is depends on the service.
struct RawHandler {
  ManifestHandler handler;
  std::optional<std::size_t> type;  ///< WORKFLOW, EXCLUSIVE, SHARED
};

struct RawService {
  ManifestService service;
  std::vector<RawHandler> handlers;
};

struct RawManifest {
  std::optional<std::size_t> mode;  ///< BIDI_STREAM, REQUEST_RESPONSE
  std::uint64_t min = 0, max = 0;
  bool zstd = false;
  std::vector<RawService> services;
};

/// `problem` says what is wrong first, if something is.
RawManifest decode_manifest(std::string_view body, std::optional<std::string>& problem);

}  // namespace restate::protocol
