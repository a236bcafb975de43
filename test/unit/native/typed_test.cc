// Handlers with types of their own: what they are given, what they give, and what the manifest says.

#include "unit/native/model_engine.h"

#include "support/catch.h"

#include <restate/client.h>
#include <restate/json.h>

using namespace restate;
using namespace restate::native::testing;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::string item;
  int amount = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, amount)

/// A handler as it is registered.
template <class F>
HandlerDefinition registered(F function) {
  ServiceDefinition service = Service("S").handler("h", std::move(function));
  return std::move(service.handlers.at(0));
}

/// What a handler makes of `input`: its output, or `failure 400 ...`, or `retry ...`.
template <class F>
std::string outcome(F function, const std::string& input = "null") {
  ModelEngine engine;
  engine.input = Bytes(input);
  const Outcome end = engine.attempt(registered(std::move(function)).function);
  if (end.kind == Outcome::Kind::kFailed) return "retry " + end.error.message;
  REQUIRE(end.kind == Outcome::Kind::kEnded);
  const auto result = engine.result();
  if (const auto* value = std::get_if<Bytes>(&*result)) return value->str();
  const auto& failure = std::get<wire::Failure>(*result);
  return "failure " + std::to_string(failure.code) + " " + failure.message;
}

Result<int> twice(Context&, int number) { return 2 * number; }

bool starts_with(const std::string& text, std::string_view start) { return text.find(start) == 0; }

}  // namespace

TEST_CASE("a handler is given its argument as it wants it", "[native][typed]") {
  CHECK(outcome(twice, "21") == "42");
  CHECK(outcome([](Context&, int number) { return number + 1; }, "1") == "2");
  CHECK(outcome([](Context&, const Order& order) { return order.item; },
                R"({"item":"tea","amount":2})") == "tea");
  CHECK(outcome([](Context&, std::string text) { return text + "!"; }, "hey") == "hey!");
  CHECK(outcome([](Context&, const Bytes& bytes) { return bytes; }, "raw") == "raw");
  CHECK(outcome([count = 0](Context&, int by) mutable { return count += by; }, "3") == "3");
  CHECK(outcome([](Context&, auto bytes) { return Bytes(std::move(bytes)); }, "any") == "any");
  CHECK(outcome([](Context&) { return 7; }, "is not looked at") == "7");
  CHECK(outcome(HandlerFunction([](Context&, Bytes in) -> Result<Bytes> { return in; }), "x") == "x");
}

TEST_CASE("a handler gives what it likes", "[native][typed]") {
  CHECK(outcome([](Context&) {}).empty());
  CHECK(outcome([](Context&) -> Result<void> { return {}; }).empty());
  CHECK(outcome([](Context&) { return "a literal"; }) == "a literal");
  CHECK(outcome([](Context&) { return std::vector<int>{1, 2}; }) == "[1,2]");
  CHECK(outcome([](Context&) -> Result<Order> { return Order{"tea", 1}; }) ==
        R"({"amount":1,"item":"tea"})");
  CHECK(outcome([](Context&) { return terminal("no", 418); }) == "failure 418 no");
  CHECK(outcome([](Context&) -> Result<int> { return terminal("no"); }) == "failure 500 no");
  CHECK(starts_with(outcome([](Context&) -> Result<void> { return Error{Code::kTimeout, "slow"}; }),
                    "retry "));
}

TEST_CASE("an argument that is none is the caller's mistake, and stays one", "[native][typed]") {
  CHECK(starts_with(outcome(twice, "many"), "failure 400 the argument cannot be read: parse error"));
  CHECK(starts_with(outcome(twice, "1.5"),
                    "failure 400 the argument cannot be read: expected a whole number"));
  CHECK(starts_with(outcome(twice, ""), "failure 400 "));
  CHECK(starts_with(outcome([](Context&, const Order&) {}, "{}"), "failure 400 "));
}

TEST_CASE("a result that cannot be written is the author's mistake, and is tried again",
          "[native][typed]") {
  CHECK(starts_with(outcome([](Context&) { return Json<std::string>("\xff"); }), "retry "));
}

TEST_CASE("what goes in and out follows from the types", "[native][typed]") {
  const PayloadRules json{.content_type = "application/json", .required = true};
  const HandlerDefinition typed = registered(twice);
  CHECK(typed.input == json);
  CHECK(typed.output == PayloadRules{.content_type = "application/json"});

  const HandlerDefinition maybe = registered([](Context&, std::optional<int>) {});
  CHECK(maybe.input == PayloadRules{.content_type = "application/json"});
  CHECK(maybe.output == PayloadRules{.nothing = true});

  const HandlerDefinition text = registered([](Context&, std::string in) { return in; });
  CHECK(text.input == PayloadRules{});
  CHECK(text.output == PayloadRules{.content_type = "text/plain"});

  const HandlerDefinition raw = registered([](Context&, Bytes) { return "x"; });
  CHECK(raw.input == PayloadRules{});
  CHECK(raw.output == PayloadRules{.content_type = "application/octet-stream"});
}

TEST_CASE("everything a context carries may have a type", "[native][typed]") {
  const std::uint16_t protocol = GENERATE(std::uint16_t{5}, std::uint16_t{7});
  ModelEngine engine;
  engine.protocol = protocol;
  engine.key = "k";
  engine.callee = [](const wire::CallRequest& request) { return request.parameter; };
  const HandlerDefinition handler = registered([](Context& ctx) -> Result<std::string> {
    RESTATE_TRY(const auto none, ctx.get<int>("count"));
    CHECK_FALSE(none);
    RESTATE_TRY_VOID(ctx.set("count", 5));
    CHECK(ctx.get<int>("count") == std::optional<int>(5));
    CHECK(ctx.get_or<int>("count", 7) == 5);
    CHECK(ctx.get_or<int>("other", 7) == 7);

    RESTATE_TRY(const Order order, ctx.run("order", [] { return Order{"tea", 2}; }));
    CHECK(order.item == "tea");
    CHECK(ctx.run("text", [] { return std::string("text"); }) == std::string("text"));
    CHECK(ctx.run("raw", [] { return "raw"; }) == Bytes("raw"));
    CHECK(ctx.run("fallible", []() -> Result<double> { return 0.5; }) == 0.5);
    CHECK(ctx.run("nothing", [] {}).has_value());
    CHECK(ctx.run("failing", [] { return terminal("no", 418); }) == Code::kTerminal);

    RESTATE_TRY(const Order echo, ctx.call<Order>("Echo", "order", order));
    CHECK(echo.amount == 2);
    RESTATE_TRY(const auto pending, ctx.start_call<Json<std::string>>("Echo", "s", Json<std::string>("x")));
    RESTATE_TRY(const auto json, ctx.await(pending));
    CHECK(*json == "x");
    RESTATE_TRY_VOID(ctx.call<void>("Echo", "nothing", {}));
    RESTATE_TRY_VOID(ctx.send("Echo", "order", order, {{.key = "k"}, 5s}));

    RESTATE_TRY_VOID(ctx.resolve_promise("p", std::vector<int>{1}));
    CHECK(ctx.promise<std::string>("p") == std::string("promised"));
    CHECK(ctx.peek_promise<int>("q").has_value());
    RESTATE_TRY_VOID(ctx.resolve_awakeable("sign_1", true));
    RESTATE_TRY_VOID(ctx.send_signal(ctx.id(), "go", 3));
    CHECK(ctx.attach<std::string>(ctx.id()) == std::string("attached"));
    return "done";
  });
  REQUIRE(engine.attempt(handler.function).kind == Outcome::Kind::kEnded);
  CHECK(engine.result() == wire::InvocationResult(Bytes("done")));
  CHECK(engine.state.at(Bytes("count")) == Bytes("5"));
  CHECK(std::get<Bytes>(engine.signals_sent.at(0).result) == Bytes("3"));
  CHECK(engine.attempt(handler.function).kind == Outcome::Kind::kEnded);  // and it replays
}

TEST_CASE("awakeables and signals bring values", "[native][typed]") {
  ModelEngine engine;
  engine.answers = false;
  const HandlerDefinition handler = registered([](Context& ctx) -> Result<int> {
    RESTATE_TRY(const auto paid, ctx.awakeable<Order>());
    RESTATE_TRY(const auto go, ctx.signal<int>("go"));
    RESTATE_TRY(const Order order, ctx.await(paid.result));
    RESTATE_TRY(const int more, ctx.await(go));
    return order.amount + more;
  });
  REQUIRE(engine.attempt(handler.function).kind == Outcome::Kind::kSuspended);
  engine.signal({17}, Bytes(R"({"item":"tea","amount":2})"));
  engine.notify({wire::EntryType::kSignalNotification, wire::SignalName{"go"}, Bytes("40")});
  REQUIRE(engine.attempt(handler.function).kind == Outcome::Kind::kEnded);
  CHECK(engine.result() == wire::InvocationResult(Bytes("42")));
}

TEST_CASE("what was stored as something else is for the code to mend", "[native][typed]") {
  ModelEngine engine;
  engine.key = "k";
  engine.state = {{Bytes("count"), Bytes("seven")}};
  const Outcome end = engine.attempt(
      registered([](Context& ctx) -> Result<int> { return ctx.get_or<int>("count", 0); }).function);
  REQUIRE(end.kind == Outcome::Kind::kFailed);
  CHECK(end.error.message.find("state 'count'") != std::string::npos);
  CHECK_FALSE(engine.result());
}

TEST_CASE("an answer is read as what its caller wants", "[native][typed]") {
  const Reply<Bytes> bytes(std::make_shared<detail::AnsweredState<Bytes>>(Bytes("42")));
  const Reply<int> number = detail::decoded<int>(bytes);
  CHECK(number.get() == 42);
  CHECK(number.get() == 42);
  int heard = 0;
  number.then([&](const Result<int>& value) { heard = value ? *value : -1; });
  CHECK(heard == 42);
  CHECK(detail::decoded<bool>(bytes).get() == Code::kInvalidArgument);
  CHECK(detail::decoded<void>(bytes).get().has_value());
  const auto failed = detail::answered<int>(terminal("no", 418)).get();
  REQUIRE(failed == Code::kTerminal);
  CHECK(failed.error().status == 418);
}

namespace {

struct Shop {
  static constexpr ServiceHandler<int(Order)> price{"Shop", "price"};
  static constexpr ObjectHandler<std::string()> owner{"Shelf", "owner"};
  static constexpr WorkflowHandler<void(std::string)> close{"Closing", "run"};
};

}  // namespace

TEST_CASE("a declared handler is called as it is declared", "[native][typed]") {
  ModelEngine engine;
  std::vector<wire::CallRequest> requests;
  engine.callee = [&](const wire::CallRequest& request) {
    requests.push_back(request);
    return Bytes(request.service == "Shop" ? "250" : "Ada");
  };
  const Outcome end = engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const int cents, ctx.call(Shop::price(Order{"tea", 2}), {.idempotency_key = "k"}));
    RESTATE_TRY(const Pending<std::string> owner, ctx.start_call(Shop::owner("shelf 7")));
    RESTATE_TRY_VOID(ctx.call(Shop::close("today", "done")));  // a literal becomes the string
    RESTATE_TRY_VOID(ctx.send(Shop::close("tomorrow", "done"), {{.name = "later"}, 1h}));
    RESTATE_TRY(const std::string name, ctx.await(owner));
    return name + " takes " + std::to_string(cents);
  });
  REQUIRE(end.kind == Outcome::Kind::kEnded);
  CHECK(engine.result() == wire::InvocationResult(Bytes("Ada takes 250")));
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].service == "Shop");
  CHECK(requests[0].handler == "price");
  CHECK(requests[0].key.empty());
  CHECK(requests[0].parameter == Bytes(R"({"amount":2,"item":"tea"})"));
  CHECK(requests[0].idempotency_key == "k");
  CHECK(requests[1].key == "shelf 7");
  CHECK(requests[1].parameter.empty());
  CHECK(requests[2].service == "Closing");
  CHECK(requests[2].key == "today");
  CHECK(requests[2].parameter == Bytes("done"));
}

TEST_CASE("a function is registered under its declaration", "[native][typed]") {
  const ServiceDefinition shop = Service("Shop").handler(
      Shop::price, [](Context&, const Order& order) { return 125 * order.amount; });
  REQUIRE(shop.handlers.size() == 1);
  CHECK(shop.handlers[0].name == "price");
  CHECK(shop.handlers[0].type == wire::HandlerType::kPlain);

  const ServiceDefinition closing =
      Workflow("Closing").run(Shop::close, [](Context&, const std::string&) {});
  REQUIRE(closing.handlers.size() == 1);
  CHECK(closing.handlers[0].name == "run");
  CHECK(closing.handlers[0].type == wire::HandlerType::kWorkflow);
}

TEST_CASE("an argument that cannot be encoded is the answer to a typed call", "[native][typed]") {
  const TypedRequest<int> broken{"Shop", "price", {}, Error{Code::kInvalidArgument, "no text"}};
  ModelEngine engine;
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    CHECK(ctx.call(broken) == Code::kInvalidArgument);
    CHECK(ctx.send(broken) == Code::kInvalidArgument);
    return Bytes();
  });
  CHECK(engine.result());
  CHECK(engine.journal.size() == 2);  // input and output
}
