#include "query/fields.h"
#include "query/row_source.h"

namespace restate::query {
namespace {

using schema::Deployment;
using Rule = schema::RuleBook::Entry;
using schema::ServiceRevision;

constexpr Field<ServiceRevision> kServiceFields[] = {
    {"name", [](const ServiceRevision& r, Cell c) { c.text(r.name); }},
    {"revision", [](const ServiceRevision& r, Cell c) { c.number(r.revision); }},
    {"public", [](const ServiceRevision& r,
                  Cell c) { c.boolean(!r.options.ingress_private.value_or(false)); }},
    {"ty",
     [](const ServiceRevision& r, Cell c) {
       c.text(r.type == wire::ServiceType::kService         ? "service"
              : r.type == wire::ServiceType::kVirtualObject ? "virtual_object"
                                                            : "workflow");
     }},
    {"deployment_id", [](const ServiceRevision& r, Cell c) { c.text(r.deployment.str()); }},
};

constexpr Field<Deployment> kDeploymentFields[] = {
    {"id", [](const Deployment& r, Cell c) { c.text(r.id.str()); }},
    {"ty", [](const Deployment& r, Cell c) { c.text(r.lambda_arn.empty() ? "http" : "lambda"); }},
    {"endpoint",
     [](const Deployment& r, Cell c) { c.text(r.lambda_arn.empty() ? r.uri : r.lambda_arn); }},
    {"created_at", [](const Deployment& r, Cell c) { c.time(r.created_at); }},
    {"min_service_protocol_version",
     [](const Deployment& r, Cell c) { c.number(static_cast<std::uint64_t>(r.min_protocol)); }},
    {"max_service_protocol_version",
     [](const Deployment& r, Cell c) { c.number(static_cast<std::uint64_t>(r.max_protocol)); }},
    {"services",
     [](const Deployment& r, Cell c) {
       std::vector<std::string> names;
       for (const ServiceRevision& service : r.services) names.push_back(service.name);
       c.texts(names);
     }},
};

constexpr Field<Rule> kRuleFields[] = {
    {"pattern", [](const Rule& r, Cell c) { c.text(r.first.str()); }},
    {"concurrency", [](const Rule& r, Cell c) { c.opt_number(r.second.concurrency); }},
    {"description", [](const Rule& r, Cell c) { c.opt_text(r.second.description); }},
    {"disabled", [](const Rule& r, Cell c) { c.boolean(r.second.disabled); }},
    {"version", [](const Rule& r, Cell c) { c.number(r.second.version); }},
    {"last_modified", [](const Rule& r, Cell c) { c.time(r.second.modified_at); }},
};

template <class Row>
class RegistryRows final : public ListedRows {
 public:
  RegistryRows(TableId id, Columns columns, std::span<const Field<Row>> fields,
               std::vector<const Row*> rows)
      : fields_(table(id), columns, fields), rows_(std::move(rows)) {}

  std::size_t size() const override { return rows_.size(); }
  void put(std::size_t index, RowSink& sink) const override {
    fields_.put(*rows_[index], sink);
    sink.end_row();
  }

 private:
  const Projection<Row> fields_;
  const std::vector<const Row*> rows_;
};

}  // namespace

std::unique_ptr<ListedRows> make_service_rows(const Inputs& inputs, Columns columns) {
  return std::make_unique<RegistryRows<ServiceRevision>>(TableId::kService, columns, kServiceFields,
                                                         inputs.schema->services());
}

std::unique_ptr<ListedRows> make_deployment_rows(const Inputs& inputs, Columns columns) {
  std::vector<const Deployment*> rows;
  for (const auto& [id, deployment] : inputs.schema->deployments) rows.push_back(&deployment);
  return std::make_unique<RegistryRows<Deployment>>(TableId::kDeployment, columns,
                                                    kDeploymentFields, std::move(rows));
}

std::unique_ptr<ListedRows> make_rule_rows(const Inputs& inputs, Columns columns) {
  std::vector<const Rule*> rows;
  for (const Rule& rule : inputs.rules->rules) rows.push_back(&rule);
  return std::make_unique<RegistryRows<Rule>>(TableId::kRules, columns, kRuleFields,
                                              std::move(rows));
}

}  // namespace restate::query
