#pragma once

/// \file
/// `/services`: what is registered, its options, and the state of objects and workflows.

#include "admin/options.h"
#include "admin/registry_client.h"
#include "admin/router.h"
#include "worker/client.h"

#include <restate/runtime.h>

namespace restate::admin {

class ServiceRoutes {
 public:
  ServiceRoutes(Shard& shard, const AdminOptions& options, RegistryClient& registry,
                worker::PartitionClient& client)
      : shard_(shard), options_(options), registry_(registry), client_(client) {}

  void add_to(Router& router);

 private:
  void list(Call call);
  void get(Call call);
  void list_handlers(Call call);
  void get_handler(Call call);
  void openapi(Call call);
  void modify(Call call);
  /// Values in the encoding of an SDK, for people: not offered, beyond what is wrong anyway.
  void convert(Call call);
  void modify_state(Call call);

  /// The latest revision of the service in the path. Null: there is none, and that is answered.
  const schema::ServiceRevision* find(Call& call, const schema::Schema& schema) const;
  Json view(const schema::Schema& schema, const schema::ServiceRevision& service) const;

  Shard& shard_;
  const AdminOptions& options_;
  RegistryClient& registry_;
  worker::PartitionClient& client_;
  Scope scope_;
};

}  // namespace restate::admin
