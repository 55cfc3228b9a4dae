// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace drivers::array {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr))
    , memory_(std::move(other.memory_))
    , size_bytes_(std::exchange(other.size_bytes_, 0))
    , size_class_(other.size_class_) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this != &other) {
        give_back();
        pool_ = std::exchange(other.pool_, nullptr);
        memory_ = std::move(other.memory_);
        size_bytes_ = std::exchange(other.size_bytes_, 0);
        size_class_ = other.size_class_;
    }
    return *this;
}

void Buffer::give_back() noexcept {
    if (memory_) {
        pool_->take_back(std::move(memory_), size_class_);
        size_bytes_ = 0;
    }
}

BufferPool::BufferPool(std::size_t limit_bytes)
    : limit_bytes_(limit_bytes) {
    for (unsigned size_class = smallest_class; size_class <= largest_class; ++size_class) {
        kept_[size_class].reserve(std::min<std::size_t>(4096, kept_bytes_max >> size_class));
    }
}

Buffer BufferPool::take(std::size_t size_bytes) noexcept {
    Buffer buffer;
    const auto size_class =
        std::max(smallest_class, static_cast<unsigned>(std::bit_width(size_bytes - 1)));
    if (size_bytes == 0 || size_class > largest_class) {
        return buffer;
    }
    const std::size_t class_bytes = std::size_t{1} << size_class;
    if (lent_bytes_ + class_bytes > limit_bytes_) {
        return buffer;
    }
    auto& kept = kept_[size_class];
    if (kept.empty()) {
        buffer.memory_.reset(new (std::nothrow) std::byte[class_bytes]);
    } else {
        buffer.memory_ = std::move(kept.back());
        kept.pop_back();
        kept_bytes_ -= class_bytes;
    }
    if (buffer.memory_) {
        lent_bytes_ += class_bytes;
        buffer.pool_ = this;
        buffer.size_bytes_ = size_bytes;
        buffer.size_class_ = size_class;
    }
    return buffer;
}

void BufferPool::take_back(PooledMemory memory, unsigned size_class) noexcept {
    const std::size_t class_bytes = std::size_t{1} << size_class;
    lent_bytes_ -= class_bytes;
    auto& kept = kept_[size_class];
    if (kept.size() < kept.capacity() && kept_bytes_ + class_bytes <= kept_bytes_max) {
        kept.push_back(std::move(memory));
        kept_bytes_ += class_bytes;
    }
}

} // namespace drivers::array
