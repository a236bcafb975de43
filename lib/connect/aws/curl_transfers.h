#pragma once

/// \file
/// HTTP by libcurl, on one thread of its own that waits for all transfers at once. A function may
/// run for a quarter of an hour, and a thousand may do so, which rules out a thread for each; and
/// the loops of the shards belong to their runtime, which may be the host's.

#include "connect/aws/http.h"
#include "http/proxy.h"

#include <restate/function.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace restate::connect::aws {

struct TransferOptions {
  Duration connect_timeout = std::chrono::seconds(10);
  std::string ca_file;               ///< whom to trust; empty: whom libcurl trusts
  std::optional<http::Proxy> proxy;  ///< the environment is not asked
  std::string no_proxy;              ///< see `http::is_exempt`
  std::size_t max_answer_bytes = 128 * 1024 * 1024;
};

/// Set by whoever has lost interest, on any thread; `CurlTransfers::wake` makes it known.
using Abandoned = std::shared_ptr<std::atomic<bool>>;

class CurlTransfers {
 public:
  using Done = Function<void(Result<HttpAnswer>)>;

  explicit CurlTransfers(TransferOptions options);
  ~CurlTransfers();
  CurlTransfers(const CurlTransfers&) = delete;
  CurlTransfers& operator=(const CurlTransfers&) = delete;

  /// Runs `job` on the thread, which starts with the first one. False after `stop`: it is dropped.
  bool post(Function<void()> job);
  /// On the thread. `done` runs there, too, unless the transfer is abandoned before.
  void start(HttpQuery query, Abandoned abandoned, Done done);
  /// Looks for abandoned transfers.
  void wake();
  /// From any other thread; blocks.
  Result<HttpAnswer> fetch(const HttpQuery& query);
  /// What is under way fails with `kShutdown`, and so does everything later.
  void stop();

 private:
  struct Transfer;
  void run();
  void set_proxy(Transfer& transfer);
  void finish(Transfer& transfer, Result<HttpAnswer> result);
  void drop_abandoned();
  void fail_all();

  const TransferOptions options_;
  void* multi_;  ///< libcurl's, which no header of ours names
  std::vector<std::unique_ptr<Transfer>> active_;
  std::mutex mutex_;
  std::vector<Function<void()>> jobs_;
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace restate::connect::aws
