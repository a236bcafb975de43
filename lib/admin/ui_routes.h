#pragma once

/// \file
/// The web page: its files at /ui, and what it asks of this server that the API does not tell.

#include "admin/options.h"
#include "admin/router.h"

#include <restate/runtime.h>

namespace restate::admin {

class UiRoutes {
 public:
  explicit UiRoutes(const AdminOptions& options) : options_(options) {}

  /// Nothing, if the options say that there is no page.
  void add_to(Router& router);
  /// Told of each address where the API listens.
  void on_listening(const Address& address);

 private:
  static void page(Call call);
  void server_info(Call call) const;

  const AdminOptions& options_;
  bool exposed_ = false;  ///< others than this machine reach the API
};

}  // namespace restate::admin
