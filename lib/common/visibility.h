#pragma once

/// \file
/// What a public header names (`class Impl;`) and only the library defines. Programs may not call it, so the
/// shared library does not show it (docs/adr/0007-what-the-shared-library-shows.md).

#define RESTATE_HIDDEN __attribute__((visibility("hidden")))
