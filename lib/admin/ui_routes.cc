#include "admin/ui_routes.h"

#include "admin/ui_assets.h"
#include "common/version.h"

#include <algorithm>

namespace restate::admin {
namespace {

constexpr std::string_view kIndex = "index.html";

const UiAsset* find(std::string_view path) {
  const auto assets = ui_assets();
  const auto found = std::find_if(assets.begin(), assets.end(),
                                  [path](const UiAsset& asset) { return asset.path == path; });
  return found == assets.end() ? nullptr : &*found;
}

/// What the page may do: nothing but talk to the server that it came from. Whatever a journal or a
/// state contains, the browser runs none of it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

http::Headers headers_of(const UiAsset& asset) {
  // Files in assets/ have a hash of what they contain in their name; others are asked for anew.
  const bool immutable = asset.path.starts_with("assets/");
  return {{"etag", std::string(asset.etag)},
          {"cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache"},
          {"vary", "accept-encoding"},
          {"content-security-policy", std::string(kPolicy)},
          {"x-content-type-options", "nosniff"},
          {"x-frame-options", "DENY"},
          {"referrer-policy", "no-referrer"},
          {"cross-origin-opener-policy", "same-origin"}};
}

void redirect(Call call) {
  std::string target = "/ui/";
  if (!call.query().empty()) target += "?" + std::string(call.query());
  call.empty(308, {{"location", target}});
}

bool is_local(const Address& address) {
  return address.is_unix() || address.host.starts_with("127.") || address.host == "::1" ||
         address.host == "localhost";
}

}  // namespace

void UiRoutes::add_to(Router& router) {
  if (!options_.web_ui) return;
  router.add("GET", "/", &redirect);
  router.add("GET", "/ui", &redirect);
  router.add("GET", "/ui/{*path}", &UiRoutes::page);
  router.add("GET", "/internal/server-info", [this](Call call) { server_info(std::move(call)); });
}

void UiRoutes::on_listening(const Address& address) { exposed_ = exposed_ || !is_local(address); }

void UiRoutes::page(Call call) {
  const UiAsset* asset = find(call.params[0]);
  if (!asset) {
    // A page that the script makes. A file that is missing must not be taken for one, or an old page
    // would run HTML as a script after an upgrade.
    if (call.params[0].starts_with("assets/")) return call.empty(404);
    asset = find(kIndex);
  }
  http::Headers headers = headers_of(*asset);
  if (call.if_none_match().find(asset->etag) != std::string::npos) {
    return call.empty(304, std::move(headers));
  }
  headers.add("content-type", std::string(asset->type));
  if (call.accepts_gzip()) headers.add("content-encoding", "gzip");
  call.responder().respond({200, std::move(headers)},
                           Bytes(call.accepts_gzip() ? asset->gzip : asset->plain));
}

void UiRoutes::server_info(Call call) const {
  call.json(200, {{"version", kVersion}, {"exposed", exposed_}, {"token", !options_.bearer_token.empty()}});
}

}  // namespace restate::admin
