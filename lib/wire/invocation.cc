#include <restate/wire/invocation.h>

namespace restate::wire {

std::string InvocationTarget::str() const {
  std::string text;
  text.reserve(service.size() + key.size() + handler.size() + 2);
  text.append(service);
  if (keyed()) text.append("/").append(key);
  return text.append("/").append(handler);
}

}  // namespace restate::wire
