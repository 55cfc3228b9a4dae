// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace drivers::array {

class BufferPool;

// NOLINTNEXTLINE(modernize-avoid-c-arrays): its size is known at run time alone.
using PooledMemory = std::unique_ptr<std::byte[]>;

// Memory on loan from a pool that outlives it; empty where the pool had none to give.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { give_back(); }

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    std::span<std::byte> bytes() const noexcept { return {memory_.get(), size_bytes_}; }
    void give_back() noexcept;

private:
    friend class BufferPool;
    BufferPool* pool_ = nullptr;
    PooledMemory memory_;
    std::size_t size_bytes_ = 0;
    unsigned size_class_ = 0;
};

// Keeps what was lent for the next borrower, so that the path of a command does not allocate; lends
// no more than its limit in all. Contents are whatever the last borrower left.
class BufferPool {
public:
    explicit BufferPool(std::size_t limit_bytes);
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    Buffer take(std::size_t size_bytes) noexcept;
    std::size_t lent_bytes() const noexcept { return lent_bytes_; }

private:
    friend class Buffer;
    void take_back(PooledMemory memory, unsigned size_class) noexcept;

    static constexpr unsigned smallest_class = 12; // 4 KiB
    static constexpr unsigned largest_class = 25;  // 32 MiB
    static constexpr std::size_t kept_bytes_max = std::size_t{64} << 20U;

    std::array<std::vector<PooledMemory>, largest_class + 1> kept_;
    std::size_t limit_bytes_;
    std::size_t lent_bytes_ = 0;
    std::size_t kept_bytes_ = 0;
};

} // namespace drivers::array
