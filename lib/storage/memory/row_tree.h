#pragma once

/// \file
/// Ordered rows with copies that cost nothing: a copy shares all nodes, and a write copies the path
/// it changes if, and only if, somebody shares it. Snapshots and crash points are such copies.

#include <restate/bytes.h>
#include <restate/storage/view.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace restate::storage {

/// A treap whose priorities are hashes of the keys: its shape depends on its content alone. Copies
/// may be read, written and destroyed on different threads.
class RowTree {
 public:
  RowTree() = default;

  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  void clear() { root_ = Ref(); }

  std::optional<Bytes> get(std::string_view key) const;
  void scan(std::string_view lower, std::string_view upper, RowVisitor& visitor) const;
  void scan_reverse(std::string_view lower, std::string_view upper, RowVisitor& visitor) const;
  bool empty() const { return !root_; }

 private:
  struct Node;

  /// Counts references. A node with one reference belongs to its holder, who may change it.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) {}
    Ref(const Ref& other);
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref();
    explicit operator bool() const { return node_ != nullptr; }
    Node* operator->() const { return node_; }
    /// Makes this the only reference to its node, by copying it if it is shared.
    void own();

   private:
    Node* node_ = nullptr;
  };
  struct Row {
    std::string_view key;
    std::string_view value;
    std::uint64_t priority;
  };

  static Ref put(Ref node, const Row& row);
  static Ref erase(Ref node, std::string_view key);
  static Ref merge(Ref left, Ref right);
  static bool scan(const Ref& node, std::string_view lower, std::string_view upper,
                   RowVisitor& visitor);
  static bool scan_reverse(const Ref& node, std::string_view lower, std::string_view upper,
                           RowVisitor& visitor);

  Ref root_;
};

struct RowTree::Node {
  std::atomic<std::uint32_t> references{1};
  std::uint64_t priority = 0;
  Bytes key;
  Bytes value;
  Ref left;
  Ref right;
};

inline RowTree::Ref::Ref(const Ref& other) : node_(other.node_) {
  if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
}

inline RowTree::Ref::~Ref() {
  if (node_ != nullptr && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete node_;
  }
}

}  // namespace restate::storage
