#pragma once

#include "support/partition.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::testing {

/// Runs the lines of a transcript. Names of one capital letter are invocations, `r1` and the like
/// requests, `dp1` deployments. README.md in this folder lists the commands.
class Script {
 public:
  /// Runs the lines of one block as one batch. Answers its actions and the rows it changed.
  std::string run(const std::vector<std::string>& lines);

 private:
  class Words;
  void run_line(const std::string& line, std::vector<Record>& records);
  wire::Command command(const std::string& verb, Words& words);
  std::optional<wire::InvokerEffect> entry_command(const std::string& verb, const InvocationId& id,
                                                   Words& words);
  /// Where an invocation stands in its queue.
  wire::QueuePlace place(const InvocationId& id) const;
  std::string named(std::string text) const;

  TestPartition partition_;
  std::string extra_;
};

}  // namespace restate::testing
