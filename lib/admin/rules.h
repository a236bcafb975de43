#pragma once

/// \file
/// `/limits/rules`: how many attempts may run at once per scope and limit key. Tools read the rules
/// by SQL; here they are only changed.

#include "admin/registry_client.h"
#include "admin/router.h"

#include <restate/completion.h>
#include <restate/runtime.h>

namespace restate::admin {

class RuleRoutes {
 public:
  RuleRoutes(Shard& shard, RulesClient& rules) : shard_(shard), rules_(rules) {}
  void add_to(Router& router);

 private:
  void upsert(Call call);
  void erase(Call call);

  Shard& shard_;
  RulesClient& rules_;
  Scope scope_;
};

}  // namespace restate::admin
