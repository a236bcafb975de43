#include "support/catch.h"
#include "wire/span.h"

namespace restate::wire {
namespace {

constexpr const char* kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

InvocationId some_id() {
  return *InvocationId::parse("inv_1crBwSJunSVK5egiaiGccsysRid5tsbrBV");
}

TEST_CASE("an invocation belongs to the trace of its caller", "[wire][span]") {
  const SpanContext span{kParent, "a=b"};
  const auto parent = parent_of(span);
  REQUIRE(parent);
  CHECK_FALSE(link_of(span));
  const auto own = context_of(some_id(), span);
  REQUIRE(own);
  CHECK(own->trace == parent->trace);
  CHECK(own->span == trace::span_of(some_id()));
  CHECK(own->sampled);
  CHECK(own->state == "a=b");
}

TEST_CASE("one that runs by itself has a trace of its own, with a link", "[wire][span]") {
  const SpanContext span = linked({kParent, "a=b"});
  CHECK_FALSE(parent_of(span));
  const auto link = link_of(span);
  REQUIRE(link);
  CHECK(link->traceparent() == kParent);
  const auto own = context_of(some_id(), span);
  REQUIRE(own);
  CHECK(*own == trace::root_of(some_id(), true));
  // Nobody keeps the trace that it comes from: nor this one.
  const auto dark = context_of(some_id(), linked({std::string(kParent, 53) + "00", ""}));
  REQUIRE(dark);
  CHECK_FALSE(dark->sampled);
}

TEST_CASE("without a trace there is none", "[wire][span]") {
  CHECK(linked({}) == SpanContext{});
  const char* text = GENERATE("", "nonsense", "link:", "link:nonsense");
  CHECK_FALSE(context_of(some_id(), {text, ""}));
}

TEST_CASE("keys are in attributes, not in names", "[wire][span]") {
  InvocationTarget target;
  target.service = "Counter";
  target.handler = "add";
  CHECK(short_name(target) == "Counter/add");
  target.type = ServiceType::kVirtualObject;
  target.key = "k1";
  const trace::Span span = span_about("invocation-start", some_id(), target);
  CHECK(span.name == "invocation-start Counter/{key}/add");
  CHECK(span.attributes ==
        std::vector<trace::Attribute>{
            {"rpc.service", "Counter"},
            {"rpc.method", "add"},
            {"restate.invocation.id", "inv_1crBwSJunSVK5egiaiGccsysRid5tsbrBV"},
            {"restate.invocation.target", "Counter/k1/add"}});
}

}  // namespace
}  // namespace restate::wire
