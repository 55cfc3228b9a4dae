// SPDX-License-Identifier: Apache-2.0
#include "bench/load/buffers.h"

#include "drivers/api/errors.h"
#include "profiles/random.h"

#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

namespace bench::load {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t sector_bytes = 512;

// The same random sectors in every buffer; the compressible share of each is left zero.
void fill_sectors(std::span<std::byte> memory, double compressible_share) {
    profiles::Random random(0xb0ffe75);
    const auto random_bytes =
        static_cast<std::size_t>(static_cast<double>(sector_bytes) * (1.0 - compressible_share)) /
        8 * 8;
    for (std::size_t at = 0; at < memory.size(); at += 8) {
        const std::uint64_t word = at % sector_bytes < random_bytes ? random.next() : 0;
        std::memcpy(memory.data() + at, &word, sizeof word);
    }
}

} // namespace

void Buffers::FreeMemory::operator()(std::byte* memory) const noexcept {
    std::free(memory);
}

Buffers::Buffers(std::size_t count,
                 std::uint64_t size_bytes,
                 const profiles::DataReduction& reduction)
    : size_bytes_((size_bytes + sector_bytes - 1) / sector_bytes * sector_bytes)
    , stride_bytes_((size_bytes + page_bytes - 1) / page_bytes * page_bytes)
    , memory_bytes_(std::max(count * stride_bytes_, page_bytes))
    , memory_(static_cast<std::byte*>(std::aligned_alloc(page_bytes, memory_bytes_))) {
    if (!memory_) {
        throw drivers::HostError(
            fmt::format("no memory for {} buffers of {} bytes", count, size_bytes));
    }
    if (count > 0 && size_bytes_ > 0) {
        fill_sectors(buffer(0), reduction.compressible_share);
    }
    for (std::size_t i = 1; i < count; ++i) {
        std::memcpy(buffer(i).data(), buffer(0).data(), size_bytes_);
    }
}

void Buffers::fill(std::size_t index, const profiles::Access& access) noexcept {
    std::byte* const data = buffer(index).data();
    const bool duplicate = access.kind == profiles::Content::duplicate;
    std::uint64_t word = profiles::mixed(duplicate ? access.content : ~written_);
    written_ += duplicate ? 0 : 1;
    for (std::uint64_t at = 0; at < access.size_bytes; at += sector_bytes) {
        word += 0x9e3779b97f4a7c15ULL;
        std::memcpy(data + at, &word, sizeof word);
    }
}

} // namespace bench::load
