#pragma once

/// \file
/// `/deployments`: where user code runs. Registering one asks its endpoint what it serves; the
/// registry decides what that means.

#include "admin/discoverer.h"
#include "admin/options.h"
#include "admin/registry_client.h"
#include "admin/router.h"

#include <restate/runtime.h>

namespace restate::admin {

class DeploymentRoutes {
 public:
  DeploymentRoutes(Shard& shard, const AdminOptions& options, RegistryClient& registry,
                   Discoverer& discoverer)
      : shard_(shard), options_(options), registry_(registry), discoverer_(discoverer) {}

  void add_to(Router& router);

 private:
  /// What the body of a registration or an update asks for.
  struct Wanted {
    schema::Address address;
    std::map<std::string, std::string> metadata;
    bool use_http11 = false, force = false, breaking = false, overwrite = false, dry_run = false;
  };

  void list(Call call);
  void get(Call call);
  void create(Call call);
  void update(Call call);
  void remove(Call call);

  /// Nothing: the body is wrong, and that is answered.
  std::optional<Wanted> read_registration(Call& call);
  void register_found(Call call, Wanted wanted, const schema::Discovered& found);
  void update_found(Call call, DeploymentId id, Wanted wanted, const schema::Discovered& found);
  void answer_registration(Call& call, const schema::Schema& schema, const DeploymentId& id,
                           bool created);
  void answer_deployment(Call& call, const schema::Schema& schema, const DeploymentId& id);

  Shard& shard_;
  const AdminOptions& options_;
  RegistryClient& registry_;
  Discoverer& discoverer_;
  Scope scope_;
};

}  // namespace restate::admin
