// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/unstamped_content.h"
#include "profiles/source.h"
#include "profiles/workload.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace bench::load {

// One page-aligned buffer for each access in flight, allocated and touched before the load starts.
// What is written from them is made anew for each write, whatever a read has left there.
class Buffers {
public:
    // Throws HostError when there is not enough memory.
    Buffers(std::size_t count,
            std::uint64_t size_bytes,
            const profiles::DataReduction& reduction,
            std::uint64_t content_seed);

    std::uint64_t size_bytes() const noexcept { return size_bytes_; }
    std::span<std::byte> buffer(std::size_t index) noexcept {
        return {memory_.get() + index * stride_bytes_, size_bytes_};
    }

    std::span<std::byte> all() noexcept { return {memory_.get(), memory_bytes_}; }

    // Makes the front of buffer `index` the content of this write.
    void fill(std::size_t index, const profiles::Access& access) noexcept;

private:
    struct FreeMemory {
        void operator()(std::byte* memory) const noexcept;
    };

    std::uint64_t size_bytes_;
    std::uint64_t stride_bytes_;
    std::uint64_t memory_bytes_;
    UnstampedContent content_;
    std::unique_ptr<std::byte, FreeMemory> memory_;
};

} // namespace bench::load
