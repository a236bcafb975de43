// Request targets come from anybody. Whatever they hold, parsing ends, stays inside the input, and
// keys that come out are text.

#include "common/utf8.h"
#include "fuzz/fuzz.h"
#include "ingress/parse.h"
#include "unit/ingress/fixtures.h"

#include <cstddef>
#include <cstdint>

using namespace restate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const schema::SchemaPtr schema = ingress::testing::recorded_services();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t mark = input.find('?');
  std::string storage;
  const std::string_view path = ingress::normalise(input.substr(0, mark), storage);
  const ingress::Route route = ingress::parse_path(path, *schema);
  if (const auto* invoke = std::get_if<ingress::InvokeRoute>(&route)) {
    RESTATE_ASSERT(invoke->service != nullptr, "a route to a service has one");
    RESTATE_ASSERT(is_utf8(invoke->key), "keys are text");
  }
  if (mark != std::string_view::npos) {
    static_cast<void>(ingress::query_parameter(input.substr(mark + 1), "delay"));
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"/Svc/echo/send?delay=10s&delay=x", "/Obj/a%2Fb/key", "//restate/scope/s/call/Obj/%ff/add",
          "/restate/invocation/Obj/k/add/ik/attach", "/restate/workflow/Wf/k/output/",
          "/restate/awakeables/sign_1x/resolve", "/restate/lookup", "/a/b/c/d/e/f/g/h"};
}
