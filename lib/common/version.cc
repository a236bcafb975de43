#include "common/version.h"

namespace restate {

std::string_view version() { return kVersion; }

}  // namespace restate
