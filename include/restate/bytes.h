#pragma once

/// \file
/// `Bytes`: an immutable slice of a shared buffer. Payloads travel from socket to log to journal
/// as slices of one buffer; nobody copies them on the way.

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// Copying shares the buffer; the count is atomic, so slices may cross threads. A small slice keeps
/// its whole buffer alive: `compact()` where a slice outlives its request.
class Bytes {
 public:
  Bytes() = default;
  /// Copies the text.
  Bytes(std::string_view text);                                 // NOLINT
  /// Copies the text up to its terminating zero.
  Bytes(const char* text) : Bytes(std::string_view(text)) {}    // NOLINT
  /// Adopts the string; no copy.
  Bytes(std::string&& text);                                    // NOLINT
  /// Copies the text.
  Bytes(const std::string& text) : Bytes(std::string_view(text)) {}  // NOLINT
  /// Copies `size` bytes from `data`, which may be null if `size` is 0.
  static Bytes copy(const void* data, std::size_t size);
  /// A slice over memory that lives as long as the process, such as a literal.
  static Bytes literal(std::string_view text);

  /// Shares the buffer.
  Bytes(const Bytes& other) noexcept : data_(other.data_), size_(other.size_), buffer_(other.buffer_) {
    if (buffer_ != nullptr) buffer_->references.fetch_add(1, std::memory_order_relaxed);
  }
  /// Takes the slice over; `other` is empty then.
  Bytes(Bytes&& other) noexcept : data_(other.data_), size_(other.size_), buffer_(other.buffer_) {
    other.data_ = nullptr;
    other.size_ = 0;
    other.buffer_ = nullptr;
  }
  /// Lets go of the old buffer.
  Bytes& operator=(Bytes other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~Bytes() {
    if (buffer_ != nullptr) release(buffer_);
  }

  /// Not terminated by a zero; null or anything when empty.
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }  ///< in bytes
  bool empty() const { return size_ == 0; }   ///< no bytes
  /// Valid as long as the buffer lives, which this or any other slice of it keeps.
  std::string_view view() const { return {data_, size_}; }
  std::string str() const { return std::string(view()); }  ///< a copy

  /// The part [offset, offset + length) of this slice, sharing the buffer. Clamped to the end.
  Bytes slice(std::size_t offset, std::size_t length = std::string_view::npos) const;
  /// The slice of this buffer that `part` shows; `part` must lie inside `view()`.
  Bytes slice_of(std::string_view part) const;
  /// The same content in a buffer of its own size.
  Bytes compact() const { return copy(data_, size_); }

  friend bool operator==(const Bytes& a, const Bytes& b) { return a.view() == b.view(); }
  friend auto operator<=>(const Bytes& a, const Bytes& b) { return a.view() <=> b.view(); }
  friend Bytes operator+(std::string_view a, const Bytes& b) {
    std::string joined(a);
    joined.append(b.view());
    return Bytes(std::move(joined));
  }

 private:
  struct Buffer {
    std::atomic<std::uint32_t> references{1};
    void (*destroy)(Buffer*) = nullptr;
  };
  struct InlineBuffer;
  struct StringBuffer;
  static void release(Buffer* buffer);

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  Buffer* buffer_ = nullptr;
};

/// Pieces to be written one after another, without joining them first.
using ByteChain = std::vector<Bytes>;

/// Bytes of all pieces together.
std::size_t total_size(const ByteChain& chain);
/// All pieces in one string: a copy.
std::string join(const ByteChain& chain);

}  // namespace restate

#pragma GCC visibility pop
