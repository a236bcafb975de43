#include "common/trace.h"
#include "support/catch.h"

namespace restate::trace {
namespace {

constexpr const char* kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_CASE("a trace context is read and written as it is", "[common][trace]") {
  const auto context = parse(kParent, "a=b");
  REQUIRE(context);
  CHECK(context->trace == TraceId{0x0af7651916cd43dd, 0x8448eb211c80319c});
  CHECK(context->span == SpanId{0xb7ad6b7169203331});
  CHECK(context->sampled);
  CHECK(context->state == "a=b");
  CHECK(context->traceparent() == kParent);
  CHECK(context->trace.hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(context->span.hex() == "b7ad6b7169203331");
}

TEST_CASE("a state that could not be a header is not passed on", "[common][trace]") {
  for (const std::string& state : {std::string("a=b\r\nc: d"), std::string("a=\xc3\xa4"), std::string(5000, 'a')}) {
    const auto context = parse(kParent, state);
    REQUIRE(context);
    CHECK(context->state.empty());
  }
}

TEST_CASE("flags other than the sampled one do not matter", "[common][trace]") {
  std::string text = kParent;
  text.replace(53, 2, "00");
  CHECK_FALSE(parse(text, "")->sampled);
  text.replace(53, 2, "fe");
  CHECK_FALSE(parse(text, "")->sampled);
  text.replace(53, 2, "ff");
  CHECK(parse(text, "")->sampled);
}

TEST_CASE("a later version may say more", "[common][trace]") {
  std::string text = std::string(kParent) + "-what-the-future-brings";
  CHECK_FALSE(parse(text, ""));
  text.replace(0, 2, "cc");
  CHECK(parse(text, ""));
  text[55] = '.';
  CHECK_FALSE(parse(text, ""));
}

TEST_CASE("what is no trace context is none", "[common][trace]") {
  const char* text = GENERATE(
      "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
      "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01");
  CAPTURE(text);
  CHECK_FALSE(parse(text, ""));
}

TEST_CASE("the span of an invocation follows from its id", "[common][trace]") {
  const auto id = InvocationId::parse("inv_1crBwSJunSVK5egiaiGccsysRid5tsbrBV");
  REQUIRE(id);
  CHECK(span_of(*id) == SpanId{id->uuid.low()});
  const Context root = root_of(*id, true);
  CHECK(root.span == span_of(*id));
  CHECK(root.trace == TraceId{id->uuid.high(), id->uuid.low()});
  CHECK(root.sampled);
  CHECK(parse(root.traceparent(), "") == root);
  // Zero means that there is none: an id of zeros still has its span.
  CHECK(parse(root_of(InvocationId{}, true).traceparent(), ""));
}

}  // namespace
}  // namespace restate::trace
