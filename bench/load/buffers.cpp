// SPDX-License-Identifier: Apache-2.0
#include "bench/load/buffers.h"

#include "drivers/api/errors.h"

#include <cstdlib>
#include <fmt/format.h>

namespace bench::load {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t sector_bytes = UnstampedContent::sector_bytes;

} // namespace

void Buffers::FreeMemory::operator()(std::byte* memory) const noexcept {
    std::free(memory);
}

Buffers::Buffers(std::size_t count,
                 std::uint64_t size_bytes,
                 const profiles::DataReduction& reduction,
                 std::uint64_t content_seed)
    : size_bytes_((size_bytes + sector_bytes - 1) / sector_bytes * sector_bytes)
    , stride_bytes_((size_bytes + page_bytes - 1) / page_bytes * page_bytes)
    , memory_bytes_(std::max(count * stride_bytes_, page_bytes))
    , content_(reduction.compressible_share, content_seed)
    , memory_(static_cast<std::byte*>(std::aligned_alloc(page_bytes, memory_bytes_))) {
    if (!memory_) {
        throw drivers::HostError(
            fmt::format("no memory for {} buffers of {} bytes", count, size_bytes));
    }
    for (std::size_t i = 0; i < count; ++i) {
        content_.fill(buffer(i));
    }
}

void Buffers::fill(std::size_t index, const profiles::Access& access) noexcept {
    const std::span<std::byte> data = buffer(index).first(access.size_bytes);
    if (access.kind == profiles::Content::duplicate) {
        content_.fill_duplicate(data, access.content);
    } else {
        content_.fill(data);
    }
}

} // namespace bench::load
