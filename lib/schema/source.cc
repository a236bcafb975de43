#include "schema/source.h"

#include <iterator>
#include <list>

namespace restate::schema {

/// Shared with the handles, so that either side may go first.
struct SchemaCell::Watchers {
  struct Place {
    Function<void(const SchemaPtr&)> changed;
    bool left = false;
  };
  std::list<Place> places;
  /// Who leaves meanwhile, perhaps from inside its own callback, is only marked.
  bool telling = false;
};

class SchemaCell::Handle final : public SchemaSource::Watch {
 public:
  Handle(std::shared_ptr<Watchers> watchers, std::list<Watchers::Place>::iterator place)
      : watchers_(std::move(watchers)), place_(place) {}
  ~Handle() override {
    place_->left = true;
    if (!watchers_->telling) watchers_->places.erase(place_);
  }

 private:
  std::shared_ptr<Watchers> watchers_;
  std::list<Watchers::Place>::iterator place_;
};

SchemaCell::SchemaCell() : SchemaCell(snapshot({})) {}
SchemaCell::SchemaCell(SchemaPtr schema)
    : schema_(std::move(schema)), watchers_(std::make_shared<Watchers>()) {}
SchemaCell::~SchemaCell() = default;

std::unique_ptr<SchemaSource::Watch> SchemaCell::watch(
    Function<void(const SchemaPtr&)> changed) {
  watchers_->places.push_back({std::move(changed)});
  return std::make_unique<Handle>(watchers_, std::prev(watchers_->places.end()));
}

void SchemaCell::set(SchemaPtr schema) {
  if (schema->version < schema_->version) return;
  schema_ = std::move(schema);
  const SchemaPtr told = schema_;
  const auto watchers = watchers_;
  watchers->telling = true;
  for (auto& place : watchers->places) {
    if (!place.left) place.changed(told);
  }
  watchers->telling = false;
  watchers->places.remove_if([](const auto& place) { return place.left; });
}

}  // namespace restate::schema
