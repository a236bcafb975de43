#pragma once

// Catch2 2 and 3 behind one name. Stay in the subset both have: TEST_CASE, SECTION, GENERATE,
// CHECK, REQUIRE, INFO, CAPTURE, StringMaker.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
