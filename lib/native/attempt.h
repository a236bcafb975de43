#pragma once

/// \file
/// One attempt at a native handler, as the shard sees it: bytes of the request go in, bytes of the
/// response come out. The journal is read on the shard; then the handler gets a thread and takes the
/// machine along, and only messages go between the two.

#include "native/handler_pool.h"
#include "native/registry.h"
#include "native/vm.h"

#include <restate/runtime.h>

#include <memory>
#include <vector>

namespace restate::native {

/// What an attempt answers. Called on the shard, never inside a call into the attempt. Destroying
/// the attempt in a callback is fine: it is the last one then.
class AttemptSink {
 public:
  virtual void on_output(Bytes piece) = 0;
  virtual void on_output_end() = 0;

 protected:
  ~AttemptSink() = default;
};

class Attempt {
 public:
  /// `handler` is one of `registry`. Shard, pool and sink outlive the attempt; the pool's threads
  /// must be gone before the shard is. `headers`: of the attempt's own request.
  Attempt(Shard& shard, HandlerPool& pool, ServiceRegistryPtr registry,
          const HandlerDefinition& handler, std::uint16_t protocol, AttemptSink& sink,
          std::vector<wire::Header> headers = {});
  /// The handler is told that nobody is interested any more; nothing is called afterwards.
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void on_data(Bytes data);
  void on_input_end();

 private:
  class Outlet;
  void start_if_ready();

  HandlerPool& pool_;
  ServiceRegistryPtr registry_;
  const HandlerDefinition& handler_;
  std::vector<wire::Header> headers_;  ///< until the handler has them
  AttemptSink& sink_;
  std::shared_ptr<Outlet> outlet_;
  std::unique_ptr<Vm> vm_;            ///< until the handler has it
  std::shared_ptr<Mailbox> mailbox_;  ///< from then on
};

}  // namespace restate::native
