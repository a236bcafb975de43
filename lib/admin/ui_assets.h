#pragma once

/// \file
/// The files of the web page as the build has put them into the program: see CMakeLists.txt.

#include <span>
#include <string_view>

namespace restate::admin {

struct UiAsset {
  std::string_view path;  ///< below /ui/, such as `assets/index-1a2b.js`
  std::string_view type;  ///< the content type
  std::string_view etag;  ///< with its quotes
  std::string_view plain;
  std::string_view gzip;  ///< the same, compressed
};

/// All of them; `index.html` is one.
std::span<const UiAsset> ui_assets();

}  // namespace restate::admin
