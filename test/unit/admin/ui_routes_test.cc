#include "admin/ui_routes.h"

#include "admin/ui_assets.h"
#include "bench.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::admin;
using namespace restate::admin::testing;

namespace {

std::string header(const FakeStream& stream, std::string_view name) {
  return std::string(stream.answer->headers.find(name).value_or(""));
}

const UiAsset& script() {
  for (const UiAsset& asset : ui_assets()) {
    if (asset.path.starts_with("assets/") && asset.path.ends_with(".js")) return asset;
  }
  FAIL("the page has a script");
  return ui_assets().front();
}

}  // namespace

TEST_CASE("the page is found from the root of the API", "[admin][ui]") {
  Bench bench;
  for (const auto& [target, location] : std::vector<std::pair<std::string, std::string>>{
           {"/", "/ui/"}, {"/ui", "/ui/"}, {"/ui?x=1", "/ui/?x=1"}}) {
    const FakeStream stream = bench.request("GET", target);
    CHECK(stream.answer->status == 308);
    CHECK(header(stream, "location") == location);
  }
}

TEST_CASE("any address below /ui is the page", "[admin][ui]") {
  Bench bench;
  for (const char* target : {"/ui/", "/ui/invocations/inv_1", "/ui/index.html", "/v4/ui/state?key=a"}) {
    const FakeStream stream = bench.request("GET", target);
    CHECK(stream.answer->status == 200);
    CHECK(header(stream, "content-type") == "text/html; charset=utf-8");
    CHECK(header(stream, "cache-control") == "no-cache");
    CHECK(header(stream, "content-security-policy").starts_with("default-src 'none'"));
    CHECK(stream.text.find("<div id=\"app\">") != std::string::npos);
  }
}

TEST_CASE("files of the page may be kept for ever, and missing ones are no pages", "[admin][ui]") {
  Bench bench;
  const std::string target = "/ui/" + std::string(script().path);
  const FakeStream plain = bench.request("GET", target);
  CHECK(header(plain, "content-type") == "text/javascript; charset=utf-8");
  CHECK(header(plain, "cache-control").find("immutable") != std::string::npos);
  CHECK(header(plain, "content-encoding").empty());
  CHECK(plain.text == script().plain);
  CHECK(bench.request("GET", "/ui/assets/index-gone.js").answer->status == 404);

  SECTION("compressed for who can read it") {
    const FakeStream gzip = bench.request("GET", target, {}, {{"accept-encoding", "br, gzip"}});
    CHECK(header(gzip, "content-encoding") == "gzip");
    CHECK(header(gzip, "vary") == "accept-encoding");
    CHECK(gzip.text == script().gzip);
    CHECK(gzip.text.size() < plain.text.size() / 2);
  }
  SECTION("not sent again to who has it") {
    const FakeStream same = bench.request("GET", target, {}, {{"if-none-match", header(plain, "etag")}});
    CHECK(same.answer->status == 304);
    CHECK(same.text.empty());
    CHECK(bench.request("GET", target, {}, {{"if-none-match", "\"other\""}}).answer->status == 200);
  }
}

TEST_CASE("the page loads nothing from elsewhere", "[admin][ui]") {
  std::size_t size = 0;
  for (const UiAsset& asset : ui_assets()) {
    INFO(asset.path);
    size += asset.gzip.size();
    if (!asset.path.ends_with(".html")) continue;
    CHECK(asset.plain.find("://") == std::string_view::npos);
    CHECK(asset.plain.find("<style") == std::string_view::npos);
    CHECK(asset.plain.find("<script>") == std::string_view::npos);
  }
  CHECK(size < 150 * 1024);
}

TEST_CASE("the page learns whether others reach the API", "[admin][ui]") {
  AdminOptions options;
  Router router;
  UiRoutes routes(options);
  routes.add_to(router);
  const auto exposed = [&] {
    http::RequestHead head;
    head.target = "/internal/server-info";
    FakeStream stream;
    http::BufferedHandler handler(100, [&](const http::RequestHead& got, Bytes body, http::Responder responder) {
      router.route(Call(got, std::move(body), std::move(responder)));
    });
    auto exchange = handler.on_request(head, stream);
    exchange->on_body_end();
    REQUIRE(stream.answer);
    return schema::parse_json(stream.text)->at("exposed").get<bool>();
  };
  CHECK_FALSE(exposed());
  routes.on_listening({.host = "127.0.0.1", .port = 9070});
  routes.on_listening({.unix_path = "/tmp/admin.sock"});
  CHECK_FALSE(exposed());
  routes.on_listening({.host = "0.0.0.0", .port = 9070});
  CHECK(exposed());
}

TEST_CASE("without the page its addresses are unknown", "[admin][ui]") {
  AdminOptions options;
  options.web_ui = false;
  Router router;
  UiRoutes(options).add_to(router);
  CHECK(router.routes().empty());
}
