#pragma once

/// \file
/// From the chunks of a result to the bytes of an answer.

#include "query/duckdb/column_view.h"
#include "query/engine.h"

#include <restate/result.h>

#include <duckdb.hpp>

#include <memory>
#include <string>
#include <vector>

namespace restate::query {

class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Appends the rows of `chunk` to `out`; what comes first before the first ones. The chunk may be
  /// changed in its form.
  /// - `kUnsupported`: a number that the type cannot show, or a row that is too large.
  virtual Result<void> chunk(duckdb::DataChunk& chunk, std::string& out) = 0;
  /// Appends what comes last, and what comes first if there were no rows.
  virtual void finish(std::string& out) = 0;
};

struct ResultShape {
  std::vector<std::string> names;
  std::vector<ResultType> types;
};

std::unique_ptr<Encoder> make_json_encoder(ResultShape shape);
std::unique_ptr<Encoder> make_arrow_encoder(ResultShape shape);
/// Messages of PostgreSQL's protocol. `binary`: the form of each column; of one all; of none all are
/// text.
std::unique_ptr<Encoder> make_postgres_encoder(ResultShape shape, const std::vector<bool>& binary);

}  // namespace restate::query
