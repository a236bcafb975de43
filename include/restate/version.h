#pragma once

/// \file
/// Which version a program is compiled with, and which one it runs with.

#include <string_view>

/// The version of these headers, for the preprocessor.
#define RESTATE_VERSION_MAJOR 0
/// Before 1.0 it may change declarations.
#define RESTATE_VERSION_MINOR 1
/// Changes no declaration, and no layout.
#define RESTATE_VERSION_PATCH 0
/// The three as a number that grows: 10203 is 1.2.3.
#define RESTATE_VERSION \
  (RESTATE_VERSION_MAJOR * 10000 + RESTATE_VERSION_MINOR * 100 + RESTATE_VERSION_PATCH)
/// The three as text.
#define RESTATE_VERSION_STRING "0.1.0"

#pragma GCC visibility push(default)

namespace restate {

/// The version of the library that the program has found, such as `0.1.0`. With the shared library it may
/// differ from `RESTATE_VERSION_STRING` in its last number.
std::string_view version();

}  // namespace restate

#pragma GCC visibility pop
