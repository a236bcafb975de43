#pragma once

/// \file
/// Routes about the server itself: health, version, the description of this API, SQL, and queues,
/// which have no more than a switch.

#include "admin/options.h"
#include "admin/query_handler.h"
#include "admin/router.h"
#include "worker/client.h"

namespace restate::admin {

class MetaRoutes {
 public:
  MetaRoutes(Shard& shard, const AdminOptions& options, worker::PartitionClient& client)
      : shard_(shard), options_(options), client_(client) {}

  void add_to(Router& router);
  void set_query_handler(QueryHandler handler) { query_ = std::move(handler); }

 private:
  void health(Call call);
  void version(Call call);
  void cluster_health(Call call);
  void openapi(Call call);
  void query(Call call);
  void pause_queue(Call call, bool paused);

  Shard& shard_;
  const AdminOptions& options_;
  worker::PartitionClient& client_;
  QueryHandler query_;
  Scope scope_;
};

}  // namespace restate::admin
