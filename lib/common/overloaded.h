#pragma once

namespace restate {

/// One visitor made of several lambdas, for `std::visit`.
template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace restate
