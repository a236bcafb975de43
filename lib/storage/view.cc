#include <restate/storage/view.h>

namespace restate::storage {

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  // A trailing FF cannot grow: the byte before it must.
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace restate::storage
