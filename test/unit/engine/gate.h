#pragma once

#include <restate/context.h>
#include <restate/service.h>

#include <future>
#include <utility>

namespace restate::test {

/// A handler that tells when it has been entered, and waits for the test outside of its context.
struct Gate {
  std::promise<void> entered, open;
  std::shared_future<void> opened = open.get_future().share();

  ServiceDefinition service(ServiceOptions options = {}) {
    return Service("Gate").options(std::move(options)).handler("pass", [this](Context&, Bytes) {
      entered.set_value();
      opened.wait();
      return Result<Bytes>(Bytes("passed"));
    });
  }
};

}  // namespace restate::test
