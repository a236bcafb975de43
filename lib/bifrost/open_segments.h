#pragma once

/// \file
/// The loglets this shard has open, and the providers that open them.

#include <restate/bifrost/chain.h>
#include <restate/bifrost/loglet.h>
#include <restate/function.h>
#include <restate/runtime.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::bifrost {

class OpenSegments {
 public:
  using Opened = Function<void(Result<std::shared_ptr<Loglet>>)>;

  explicit OpenSegments(Shard& shard) : shard_(shard) {}

  void add_provider(std::string kind, std::shared_ptr<LogletProvider> provider);
  /// Null when nobody registered that kind.
  LogletProvider* provider(const std::string& kind) const;

  /// Calls `opened` later, on this shard.
  /// - `kUnsupported`: there is no provider of that kind.
  void open(LogId log, const Segment& segment, Opened opened);
  /// Lets go of a segment that left its chain. Who holds its loglet may go on reading.
  void close(LogletId id);

 private:
  struct Entry {
    std::shared_ptr<Loglet> loglet;  ///< null while it is being opened
    std::vector<Opened> waiting;
  };
  void on_open(LogletId id, Result<std::shared_ptr<Loglet>> opened);

  Shard& shard_;
  std::map<std::string, std::shared_ptr<LogletProvider>> providers_;
  std::map<LogletId, Entry> open_;
  Scope scope_;
};

}  // namespace restate::bifrost
