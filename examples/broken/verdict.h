#pragma once

#include <restate/testing/explore.h>

#include <iostream>

/// The simulator must find the bug in the one, and nothing in the other.
inline int verdict(const restate::testing::Findings& broken,
                   const restate::testing::Findings& repaired) {
  std::cout << "broken: " << broken.str() << "\nrepaired: " << repaired.str();
  if (broken.none()) std::cout << "the bug was not found\n";
  return !broken.none() && repaired.none() ? 0 : 1;
}
