#include "schema/source.h"

#include <iterator>
#include <list>

namespace restate::schema {

/// Shared with the handles, so that either side may go first.
template <class Document>
struct Cell<Document>::Watchers {
  struct Place {
    Function<void(const Snapshot&)> changed;
    bool left = false;
  };
  std::list<Place> places;
  /// Who leaves meanwhile, perhaps from inside its own callback, is only marked.
  bool telling = false;
};

template <class Document>
class Cell<Document>::Handle final : public Watch {
  using Place = typename std::list<typename Watchers::Place>::iterator;

 public:
  Handle(std::shared_ptr<Watchers> watchers, Place place)
      : watchers_(std::move(watchers)), place_(place) {}
  ~Handle() override {
    place_->left = true;
    if (!watchers_->telling) watchers_->places.erase(place_);
  }

 private:
  std::shared_ptr<Watchers> watchers_;
  Place place_;
};

template <class Document>
Cell<Document>::Cell() : Cell(snapshot(Document{})) {}
template <class Document>
Cell<Document>::Cell(Snapshot document)
    : document_(std::move(document)), watchers_(std::make_shared<Watchers>()) {}
template <class Document>
Cell<Document>::~Cell() = default;

template <class Document>
auto Cell<Document>::watch(Function<void(const Snapshot&)> changed) -> std::unique_ptr<Watch> {
  watchers_->places.push_back({std::move(changed)});
  return std::make_unique<Handle>(watchers_, std::prev(watchers_->places.end()));
}

template <class Document>
void Cell<Document>::set(Snapshot document) {
  if (document->version < document_->version) return;
  document_ = std::move(document);
  const Snapshot told = document_;
  const auto watchers = watchers_;
  watchers->telling = true;
  for (auto& place : watchers->places) {
    if (!place.left) place.changed(told);
  }
  watchers->telling = false;
  watchers->places.remove_if([](const auto& place) { return place.left; });
}

template class Cell<Schema>;
template class Cell<RuleBook>;

}  // namespace restate::schema
