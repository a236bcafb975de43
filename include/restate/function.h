#pragma once

/// \file
/// `Function<R(A...)>`: a callable that is moved, not copied, and may own what it captures.

#include <restate/assert.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace restate {

template <class Signature>
class Function;

/// Small callables (up to 48 bytes) live inside; larger ones on the heap. Calling an empty one is a
/// bug.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() = default;
  /// Empty, as by default.
  Function(std::nullptr_t) {}  // NOLINT

  /// Takes over a callable; copies one that is an lvalue.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Function> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  Function(F&& callable) {  // NOLINT
    using Callable = std::remove_cvref_t<F>;
    if constexpr (sizeof(Callable) <= kInline && alignof(Callable) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      table_ = &kTable<Callable, true>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
      table_ = &kTable<Callable, false>;
    }
  }

  /// Leaves `other` empty.
  Function(Function&& other) noexcept { take(other); }
  /// Destroys the old callable, takes over the new one, and leaves `other` empty.
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function() { reset(); }

  /// False when empty: such a one must not be called.
  explicit operator bool() const { return table_ != nullptr; }

  /// Calls what is inside.
  R operator()(Args... args) {
    RESTATE_ASSERT(table_ != nullptr, "an empty function was called");
    return table_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInline = 48;
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);
    void (*destroy)(void*);
  };
  template <class Callable, bool kIsInline>
  static Callable& target(void* storage) {
    if constexpr (kIsInline) {
      return *std::launder(reinterpret_cast<Callable*>(storage));
    } else {
      return **std::launder(reinterpret_cast<Callable**>(storage));
    }
  }
  template <class Callable, bool kIsInline>
  static constexpr Table kTable{
      [](void* storage, Args&&... args) -> R {
        if constexpr (std::is_void_v<R>) {
          target<Callable, kIsInline>(storage)(std::forward<Args>(args)...);
        } else {
          return target<Callable, kIsInline>(storage)(std::forward<Args>(args)...);
        }
      },
      [](void* from, void* to) {
        if constexpr (kIsInline) {
          Callable& source = target<Callable, true>(from);
          ::new (to) Callable(std::move(source));
          source.~Callable();
        } else {
          ::new (to) Callable*(*std::launder(reinterpret_cast<Callable**>(from)));
        }
      },
      [](void* storage) {
        if constexpr (kIsInline) {
          target<Callable, true>(storage).~Callable();
        } else {
          delete &target<Callable, false>(storage);
        }
      }};

  void take(Function& other) {
    table_ = other.table_;
    if (table_ != nullptr) {
      table_->move(other.storage_, storage_);
      other.table_ = nullptr;
    }
  }
  void reset() {
    if (table_ != nullptr) {
      const Table* table = std::exchange(table_, nullptr);
      table->destroy(storage_);
    }
  }

  alignas(std::max_align_t) unsigned char storage_[kInline];
  const Table* table_ = nullptr;
};

}  // namespace restate

#pragma GCC visibility pop
