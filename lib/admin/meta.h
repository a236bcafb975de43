#pragma once

/// \file
/// Routes about the server itself: health, version, the description of this API, and SQL.

#include "admin/options.h"
#include "admin/query_handler.h"
#include "admin/router.h"
#include "worker/client.h"

namespace restate::admin {

class MetaRoutes {
 public:
  MetaRoutes(const AdminOptions& options, const worker::PartitionClient& client)
      : options_(options), client_(client) {}

  void add_to(Router& router);
  void set_query_handler(QueryHandler handler) { query_ = std::move(handler); }

 private:
  void health(Call call);
  void version(Call call);
  void cluster_health(Call call);
  void openapi(Call call);
  void query(Call call);
  void touch_queue(Call call);

  const AdminOptions& options_;
  const worker::PartitionClient& client_;
  QueryHandler query_;
};

}  // namespace restate::admin
