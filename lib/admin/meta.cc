#include "admin/meta.h"

#include "admin/failure.h"
#include "admin/openapi_text.h"

#include <restate/assert.h>

namespace restate::admin {
namespace {

/// The longest body of a statement; lists of ids make them long.
constexpr std::size_t kLongestStatement = 2 * 1024 * 1024;
constexpr int kMinVersion = static_cast<int>(ApiVersion::kV2);
constexpr int kMaxVersion = static_cast<int>(ApiVersion::kV4);

}  // namespace

void MetaRoutes::add_to(Router& router) {
  router.add("GET", "/health", [this](Call call) { health(std::move(call)); });
  router.add("GET", "/version", [this](Call call) { version(std::move(call)); });
  router.add("GET", "/cluster-health", [this](Call call) { cluster_health(std::move(call)); });
  router.add("GET", "/openapi", [this](Call call) { openapi(std::move(call)); });
  router.add("POST", "/query", [this](Call call) { query(std::move(call)); });
  router.add("POST", "/vqueues/{vqueue_id}/pause",
             [this](Call call) { pause_queue(std::move(call), true); });
  router.add("POST", "/vqueues/{vqueue_id}/resume",
             [this](Call call) { pause_queue(std::move(call), false); });
}

void MetaRoutes::health(Call call) {
  if (client_.ready()) return call.empty(200);
  call.error(503, {}, "Not all partitions are served yet");
}

void MetaRoutes::version(Call call) {
  Json json{{"version", options_.version},
            {"min_admin_api_version", kMinVersion},
            {"max_admin_api_version", kMaxVersion},
            {"features", options_.features}};
  if (!options_.ingress_endpoint.empty()) json["ingress_endpoint"] = options_.ingress_endpoint;
  call.json(200, json);
}

void MetaRoutes::cluster_health(Call call) {
  Json json{{"cluster_name", options_.cluster_name}};
  json["metadata_cluster_health"]["members"] = options_.metadata_members;
  call.json(200, json);
}

void MetaRoutes::openapi(Call call) {
  auto document = schema::parse_json(kOpenapi);
  RESTATE_ASSERT(document, "openapi.json is JSON");
  (*document)["info"]["version"] = options_.version;
  call.json(200, *document);
}

void MetaRoutes::query(Call call) {
  if (call.body().size() > kLongestStatement) return call.text(413, "length limit exceeded");
  const auto json = call.read_json();
  if (!json) return;
  QueryRequest request;
  if (!schema::require(*json, "query", request.sql)) {
    return call.text(422, "The body has no member `query` with a statement");
  }
  // Exactly this, as the tools send it; whoever accepts anything gets the format that has types.
  request.as_json = call.accept() == "application/json";
  request.gzip = call.accepts_gzip();
  if (query_) return query_(std::move(request), std::move(call.responder()));
  call.json(503, {{"message", "This server was built or started without SQL"}});
}

// Nobody looks whether there is such a queue: tools count on an answer that says the same of all.
void MetaRoutes::pause_queue(Call call, bool paused) {
  const std::string& id = call.params[0];
  const auto queue = wire::QueueId::parse(id);
  if (!queue) return call.error(400, {}, "vqueue_id: '" + id + "' is no id of a queue");
  client_.pause_queue(
      *queue, paused,
      Completion<void>(shard_, scope_.bind([call = std::move(call)](Result<void> done) mutable {
        if (done) return call.empty(202);
        call.error(503, {}, "The queue was perhaps not changed: " + public_message(done.error()));
      })));
}

}  // namespace restate::admin
