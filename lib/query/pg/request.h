#pragma once

/// \file
/// A statement as it comes over PostgreSQL's protocol, for the engine.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace restate::query::pg {

struct Parameter {
  std::optional<std::string> value = {};  ///< nothing: NULL
  bool binary = false;
};

/// The answer are whole messages: a RowDescription and DataRows, or one ErrorResponse, which comes
/// last. Of a description: a ParameterDescription, and a RowDescription.
struct Request {
  std::string sql = {};
  std::vector<std::uint32_t> types = {};  ///< of parameters, by oid; 0: not known; others may follow
  std::vector<Parameter> parameters = {};
  std::vector<bool> binary = {};         ///< the form of each column; of one all; of none all are text
  bool describe = false;          ///< what it would ask for and answer; it is not run
};

}  // namespace restate::query::pg
