#include <restate/bifrost/logs.h>

#include "metadata/field.h"

namespace restate::bifrost {
namespace {

using metadata::Field;
using metadata::HybridTime;
using metadata::Tree;

Tree time_tree(const std::optional<HybridTime>& time) { return time ? Tree(time->value) : Tree(); }

std::optional<HybridTime> read_time(Field field) {
  if (field.absent()) return std::nullopt;
  return HybridTime{field.u64()};
}

Tree config_tree(const LogsConfiguration& config) {
  if (config.default_provider != "replicated") return config.default_provider;
  return Tree::Map{{"replicated", Tree::Map{{"replication_property", config.replication.str()},
                                            {"target_nodeset_size", config.target_nodeset_size}}}};
}

LogsConfiguration read_config(Field field) {
  LogsConfiguration config;
  if (field.absent()) return config;
  if (field.is_text()) {
    config.default_provider = field.text();
    return config;
  }
  const Field replicated = field["replicated"];
  config.default_provider = "replicated";
  if (auto property = metadata::ReplicationProperty::parse(replicated["replication_property"].text())) {
    config.replication = *property;
  } else {
    replicated.fail(property.error().message);
  }
  if (const Field target = replicated["target_nodeset_size"]; !target.absent()) {
    config.target_nodeset_size = target.u32();
  }
  return config;
}

Segment read_segment(Field entry) {
  const Field segment = entry.at(1);
  return {.base = Lsn{entry.at(0).u64()},
          .index = SegmentIndex{segment["index"].u32()},
          .kind = segment["kind"].text(),
          .params = segment["params"].optional_text().value_or(""),
          .created_at = read_time(segment["created_at"])};
}

}  // namespace

const Chain* Logs::find(LogId log) const {
  const auto found = logs.find(log);
  return found == logs.end() ? nullptr : &found->second;
}

Bytes encode(const Logs& document) {
  Tree::List logs;
  for (const auto& [id, chain] : document.logs) {
    Tree::List segments;
    for (const Segment& segment : chain.segments) {
      segments.push_back(Tree::List{segment.base.value,
                                    Tree::Map{{"kind", segment.kind},
                                              {"index", segment.index.value},
                                              {"created_at", time_tree(segment.created_at)},
                                              {"params", segment.params}}});
    }
    logs.push_back(Tree::List{id.value, Tree::Map{{"chain", std::move(segments)}}});
  }
  return metadata::encode_tree(
      Tree::Map{{"version", document.version.value},
                {"config", Tree::Map{{"default_provider", config_tree(document.config)}}},
                {"logs", std::move(logs)},
                {"modified_at", time_tree(document.modified_at)}});
}

Result<Logs> decode_logs(const Bytes& value) {
  RESTATE_TRY(const Tree tree, metadata::decode_tree(value));
  std::optional<Error> error;
  const Field root(tree, kLogsKey, error);

  Logs document;
  document.version = metadata::Version{root["version"].u32()};
  if (const Field config = root["config"]; !config.absent()) {
    document.config = read_config(config["default_provider"]);
  }
  document.modified_at = read_time(root["modified_at"]);
  root["logs"].each([&](Field item) {
    Chain& chain = document.logs[LogId{item.at(0).u32()}];
    const Field segments = item.at(1)["chain"];
    segments.each([&](Field entry) { chain.segments.push_back(read_segment(entry)); });
    if (error) return;
    if (auto checked = chain.check(); !checked) segments.fail(checked.error().message);
  });
  if (error) return *std::move(error);
  return document;
}

}  // namespace restate::bifrost
